"""The words of a paragraph of Word or PowerPoint, and what hangs on it: boxes, drawings, notes. Writes no Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.raised import DOWN, END, UP, on_the_line
from embedingest.ingest.load.common.struck import STRUCK, STRUCK_END, in_signs
from embedingest.ingest.load.common.symbols import PRIVATE, spelled, symbol
from embedingest.ingest.load.office.alternative import EDGE, in_line, of_drawing
from embedingest.ingest.load.office.equations import APART, equation_parts, parted
from embedingest.ingest.load.office.names import DGM, FALLBACK, W14, A, C, M, R, V, W

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

__all__ = ["SWITCHED_OFF", "Hanging", "goes_on", "words"]

SWITCHED_OFF: Final = frozenset({"0", "false", "off"})

_WORDS: Final = frozenset({W + "t", A + "t", M + "t"})
_BREAKS: Final = frozenset({W + "br", W + "cr", A + "br"})
_SOFT_HYPHEN: Final = "\u00ad"
_WORD_ART: Final = V + "textpath"
_RUNS: Final = frozenset({W + "r", A + "r"})
_PARAGRAPHS: Final = frozenset({W + "p", A + "p"})
_PICTURES: Final = frozenset({W + "drawing", W + "pict"})
_LEFT_OUT: Final = frozenset({FALLBACK, W + "pPr", W + "rPr", W + "del", W + "moveFrom", W + "sdtPr", W + "delText"})
_REFERENCES: Final = frozenset({W + "footnoteReference", W + "endnoteReference"})
_NO_MARK: Final = frozenset({W + "del", W + "moveFrom"})
_DROPPED: Final = frozenset({"drop", "margin"})
_SIGNS: Final = {W + "tab": "\t", W + "ptab": "\t", A + "tab": "\t", W + "noBreakHyphen": "-", W + "softHyphen": ""}


class Hanging:
    """What a paragraph holds besides its words, in order: text boxes, relations to drawings, ids of notes."""

    def __init__(self) -> None:
        self.boxes: list[Element] = []
        self.drawings: list[str] = []
        self.footnotes: list[str] = []
        self.endnotes: list[str] = []
        self.comments: list[str] = []
        self.marks: dict[str, str] = {}
        """Signs that authors gave notes, by the ids of those."""
        self.pictures = 0
        """Drawings that words stand for."""
        self.symbols = 0
        """Characters that only their font knows."""
        self.begun: list[str] = []
        """Words of paragraphs before it that go on in this one."""

    def take(self, node: Element) -> bool:
        """Keep what is apart from the sentence; whether `node` was that."""
        if node.tag == W + "txbxContent":
            self.boxes.append(node)
        elif node.tag == C + "chart":
            self.drawings.append(node.get(R + "id", ""))
        elif node.tag == DGM + "relIds":
            self.drawings.append(node.get(R + "dm", ""))
        elif node.tag == W + "footnoteReference":
            self.footnotes.append(node.get(W + "id", ""))
        elif node.tag == W + "endnoteReference":
            self.endnotes.append(node.get(W + "id", ""))
        elif node.tag == W + "commentReference":
            self.comments.append(node.get(W + "id", ""))
        else:
            return False
        return True


def goes_on(paragraph: Element) -> bool:
    """Whether the next paragraph belongs to this one: it is an initial letter, or its mark was deleted."""
    mark, frame = paragraph.find(f"{W}pPr/{W}rPr"), paragraph.find(f"{W}pPr/{W}framePr")
    if frame is not None and frame.get(W + "dropCap") in _DROPPED:
        return True
    return mark is not None and any(each.tag in _NO_MARK for each in mark)


def words(element: Element, hanging: Hanging, label: Callable[[Element], str] | None = None) -> str:
    """The words below `element`. Paragraphs in it are parted by a blank, and begin with the `label` they have.

    Fallbacks repeat what their alternative says, and are left out.
    """
    said: list[str] = []
    stack: list[Element | str] = [element]
    parted = True
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            said.append(node if node != APART else _blank(said))
        elif node.tag in _WORDS:
            said.append(node.text or "")
        elif node.tag in _SIGNS:
            said.append(_SIGNS[node.tag])
        elif node.tag in _BREAKS:
            said.append("\n")
        elif node.tag == _WORD_ART:
            said.append(f"{EDGE}{node.get('string', '')}{EDGE}")
        elif node.tag == W + "sym":
            said.append(symbol(node.get(W + "font", ""), node.get(W + "char", "")))
            hanging.symbols += said[-1] == "\ufffd"
        elif node.tag not in _LEFT_OUT and not hanging.take(node):
            if node.tag in _PARAGRAPHS and node is not element:
                said += [" " if parted else "", label(node) if label else ""]
                parted = not goes_on(node)
            if node.tag in _PICTURES and (picture := of_drawing(node)):
                hanging.pictures += 1
                said.append(f"{EDGE}{picture}{EDGE}")
            if node.tag in _RUNS:
                _spell(node, hanging)
            begin, end = _around(node, hanging) if node.tag in _RUNS else ("", "")
            said.append(begin)
            stack.append(end)
            stack.extend(reversed(_below(node)))
    return in_signs(in_line(on_the_line("".join(said)))).replace(_SOFT_HYPHEN, "")


def _blank(said: list[str]) -> str:
    """What stands where one part of an equation must not run into the one before."""
    last = next((each[-1] for each in reversed(said) if each), " ")
    return " " if last.isalnum() or last in "})]" else ""


def _around(run: Element, hanging: Hanging) -> tuple[str, str]:
    """What stands around the words of a run."""
    if _takes_own_mark(run, hanging):
        return "[", "]"
    raised, is_struck = _raised(run), _is_struck(run)
    begin, end = (STRUCK, STRUCK_END) if is_struck else ("", "")
    return f"{begin}{raised}", f"{END if raised else ''}{end}"


def _takes_own_mark(run: Element, hanging: Hanging) -> bool:
    """Whether a run of Word holds the sign that an author gave a note, in the place of a number that is counted."""
    reference = next((each for each in run if each.tag in _REFERENCES), None) if run.tag == W + "r" else None
    if reference is None or reference.get(W + "customMarkFollows", "0") in SWITCHED_OFF:
        return False
    own = "".join(each.text or "" for each in run.iter(W + "t")).strip()
    hanging.marks[reference.get(W + "id", "")] = own
    return bool(own)


def _spell(run: Element, hanging: Hanging) -> None:
    """The words of a run in a font of symbols as characters that everybody knows, where its font is known."""
    for each in run:
        text = each.text or ""
        if each.tag in _WORDS and PRIVATE.search(text):
            fonts = run.find(f"{W}rPr/{W}rFonts"), run.find(f"{A}rPr/{A}sym"), run.find(f"{A}rPr/{A}latin")
            told = next((font for font in fonts if font is not None), None)
            font = "" if told is None else told.get(W + "ascii") or told.get(W + "hAnsi") or told.get("typeface", "")
            each.text = spelled(text, font or "")
            hanging.symbols += each.text.count("\ufffd")


def _raised(run: Element) -> str:
    """`UP` or `DOWN` for a run of Word or PowerPoint that is set so."""
    settings = run.find(run.tag + "Pr")
    if settings is None:
        return ""
    at = settings.find(W + "vertAlign")
    baseline = settings.get("baseline", "0") if run.tag == A + "r" else "0"
    if (at is not None and at.get(W + "val") == "superscript") or baseline.strip("0%.")[:1].isdigit():
        return UP
    lowered = (at is not None and at.get(W + "val") == "subscript") or baseline.startswith("-")
    return DOWN if lowered else ""


def _is_struck(run: Element) -> bool:
    """Whether the words of a run of Word or PowerPoint are struck out."""
    settings = run.find(run.tag + "Pr")
    if settings is None:
        return False
    signs = (settings.find(W + "strike"), settings.find(W + "dstrike"))
    own = any(sign is not None and sign.get(W + "val", "1") not in SWITCHED_OFF for sign in signs)
    return own or settings.get("strike", "noStrike") != "noStrike"


def _below(node: Element) -> list[Element | str]:
    if node.tag.startswith(M):
        return equation_parts(node)
    if node.tag in _PARAGRAPHS:
        return parted(list(node))
    if node.tag == W + "ruby":
        return [*node.findall(W + "rubyBase"), "(", *node.findall(W + "rt"), ")"]
    if node.tag == W + "sdt":
        ticked = node.find(f"{W}sdtPr/{W14}checkbox/{W14}checked")
        if ticked is not None:
            return ["[ ]" if ticked.get(W14 + "val", "1") in SWITCHED_OFF else "[x]"]
    if node.tag == W + "checkBox":  # of a form
        state = node.find(W + "checked")
        state = node.find(W + "default") if state is None else state
        return ["[ ]" if state is None or state.get(W + "val", "1") in SWITCHED_OFF else "[x]"]
    if node.tag == W + "ddList":  # the choices of a form
        choices = [each.get(W + "val", "") for each in node.findall(W + "listEntry")]
        state = node.find(W + "result")
        state = node.find(W + "default") if state is None else state
        place = "0" if state is None else state.get(W + "val", "0")
        return [*choices[int(place[:4]) :][:1]] if place.isascii() and place.isdigit() else []
    return list(node)
