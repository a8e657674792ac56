"""The words of elements of XML and the blocks among them; notes stand behind them. Writes no Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.mathml import linear
from embedingest.ingest.load.common.raised import DOWN, END, UP, on_the_line
from embedingest.ingest.load.common.struck import ADDED, ADDED_END, in_signs, struck

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

__all__ = [
    "HEADINGS",
    "NO_WORDS",
    "PICTURES",
    "bare",
    "by_lines",
    "has_words",
    "is_listing",
    "joined",
    "local",
    "pieces",
    "shown",
]

LISTINGS: Final = frozenset(
    ["programlisting", "screen", "literallayout", "pre", "codeblock", "msgblock", "lines", "preformat", "eg"]
)
# Set apart even among words.
BLOCKS: Final = LISTINGS | frozenset(
    [
        "itemizedlist",
        "orderedlist",
        "variablelist",
        "simplelist",
        "listitem",
        "list-item",
        "ul",
        "ol",
        "li",
        "dl",
        "list",
        "item",
        "table",
        "informaltable",
        "blockquote",
        "note",
        "tip",
        "warning",
        "caution",
        "important",
        "figure",
        "example",
        "procedure",
        "div",
        "section",
        "p",
        "para",
        "simpara",
    ]
)
HEADINGS: Final = frozenset(["title", "head", "bridgehead"])
NO_WORDS: Final = frozenset(["script", "stylesheet", "settings", "styles", "automatic-styles", "font-face-decls",
                              "master-styles", "scripts", "resource", "note-attributes", "created", "updated",
                              "documentproperties", "excelworkbook", "worksheetoptions", "indexterm", "index-term",
                              "draft-comment"])  # fmt: skip
PICTURES: Final = frozenset(["binary", "binary-data", "resource"])
_TITLED: Final = frozenset(["section", "sec", "example", "sidebar", "figure", "fig", "div"])
"""May have a title before words of their own; elsewhere a title among words is that of a book."""

_BREAKS: Final = frozenset(["br", "lb", "line-break", "empty-line"])
_NOTES: Final = frozenset(["footnote", "endnote", "fn"])
_BEFORE_NOTE: Final = 8  # pieces of words before a note, of which those around what is emphasised are empty
_MARKED: Final = frozenset(["term", "index"])
_PLACES: Final = frozenset(["foot", "bottom", "end", "margin"])
_STRUCK: Final = frozenset(["del", "strike", "strikethrough", "line-through", "deleted"])
_ADDED: Final = frozenset(["add", "ins", "added", "inserted"])
_STYLED: Final = frozenset(["emphasis", "hi", "phrase", "para", "simpara", "ph", "seg", "p"])
_LOOKS: Final = frozenset(["revisionflag", "rend", "role", "rendition", "status", "rev"])
_STRUCK_LOOKS: Final = re.compile(
    r"\b(?:deleted|strike(?:-?(?:through|out))?|line-?through|overstrike|struck)\b", re.IGNORECASE
)
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_MARKS: Final = frozenset(["bibr", "fn", "aff", "author-notes", "corresp", "table-fn"])
_RAISED: Final = {"sup": UP, "superscript": UP, "sub": DOWN, "subscript": DOWN}


def joined(element: Element, *, every: bool = False, written: bool = True) -> str:
    """All words of an element; of `every` element within, parted, where asked."""
    found = pieces(element, flat=True, every=every, written=written)
    return "".join(piece for piece in found if isinstance(piece, str))


def pieces(element: Element, *, flat: bool = False, every: bool = False, written: bool = True) -> list[str | Element]:
    """The words of an element and the blocks among them, in their order, then notes; `flat` takes all as words.

    What is `written` in a way of its own, as formulas are, is so once: not within itself, however deep.
    """
    found: list[str | Element] = []
    notes: list[Element] = []
    words: list[str] = []
    is_heading = local(element) in HEADINGS
    noted, flat = is_heading or not flat, flat or is_heading
    is_titled = local(element) in _TITLED
    stack: list[Element | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            words.append(node)
            continue
        name = local(node)
        if written and name in _WRITTEN:
            words.append(_WRITTEN[name](node))
            continue
        if node is not element and noted and _is_note(name, node, words):
            notes.append(node)
            continue
        if node is not element and not flat and (name in BLOCKS or (name in HEADINGS and is_titled)):
            found += [_said(words), node]
            words = []
            continue
        if name in NO_WORDS or name in PICTURES or (name == "index" and node is not element and _is_marked(node)):
            continue
        if _is_struck(name, node):
            words.append(struck(_BLANKS.sub(" ", _words(node))))
            continue
        words.append("\v" if _is_parted(name, node) or (node is not element and (every or name in BLOCKS)) else "")
        begin, end = _signs(name, node)
        words += [begin, node.text or ""]
        stack += [end, *(piece for child in reversed(shown(node)) for piece in (child.tail or "", child))]
    return [*found, _said(words), *notes]


def shown(node: Element) -> list[Element]:
    """The children of an element; of a formula that is written in several ways only that in LaTeX."""
    inner = list(node)
    if local(node) == "alternatives":
        return [child for child in inner if local(child) == "tex-math"][:1] or inner
    return inner


def by_lines(element: Element) -> bool:
    """Whether the lines of an element are those of a text that is no listing; then what breaks them is a sign."""
    if local(element) != "literallayout" or element.get("class") == "monospaced":
        return False
    stack = [element]
    while stack:
        node = stack.pop()
        node.text = (node.text or "").replace("\n", "\v")
        for child in node:
            child.tail = (child.tail or "").replace("\n", "\v")
            stack += [] if local(child) in _NOTES else [child]
    element.text = (element.text or "").lstrip("\v")
    return True


def is_listing(name: str, element: Element) -> bool:
    """Whether an element that stands apart is a listing, by its name or by the lines in it."""
    if name == "code":
        return "\n" in "".join(element.itertext()).strip()
    return name in LISTINGS or (name == "ab" and "codeblock" in element.get("type", ""))


def _said(words: list[str]) -> str:
    return in_signs(on_the_line("".join(words)))


def _words(element: Element) -> str:
    """All words of an element, those that break a line parted."""
    words: list[str] = []
    stack: list[Element | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            words.append(node)
        elif (name := local(node)) not in NO_WORDS:
            words += ["\v" if name in _BREAKS or name in BLOCKS else "", node.text or ""]
            stack += [piece for child in reversed(node) for piece in (child.tail or "", child)]
    return "".join(words)


def _is_parted(name: str, node: Element) -> bool:
    """Whether an element begins a line among words. One within a word does not."""
    if name == "lb" and node.get("break") == "no":
        return False
    return name in _BREAKS or (name == "tspan" and not {"x", "y", "dy"}.isdisjoint(node.attrib))


def _is_marked(index: Element) -> bool:
    """Whether an element among words only holds what an index prints, as TEI has it in the place that it leads to."""
    return all(local(child) in _MARKED for child in index) and not has_words(index)


def _signs(name: str, node: Element) -> tuple[str, str]:
    """What stands around the words of an element until the words of its line are known."""
    raised = _RAISED.get(name) or (_raised(node) if name in _STYLED and node.attrib else "")
    if raised:
        return raised, END
    if name in _ADDED or (name in _STYLED and node.get("revisionflag") == "added"):
        return ADDED, ADDED_END
    if name == "rdg" and (len(node) or (node.text or "").strip()):  # of other manuscripts
        return " [", "]"
    return "", " " if name == "label" else ""


def _raised(node: Element) -> str:
    """What an element says of its looks: raised, lowered or neither."""
    looks = (value.lower() for key, value in node.attrib.items() if bare(key) in _LOOKS)
    return next((_RAISED[look] for value in looks if (look := value.rpartition(":")[2].strip(" #")) in _RAISED), "")


def _is_struck(name: str, node: Element) -> bool:
    """Whether the words of an element are struck out: by its name, or by what it says of its looks."""
    return name in _STRUCK or (
        name in _STYLED
        and any(bare(key) in _LOOKS and _STRUCK_LOOKS.search(value) for key, value in node.attrib.items())
    )


def _reading(choice: Element) -> str:
    """Of what is written and what is meant, what is meant."""
    meant = next((child for child in choice if local(child) in {"corr", "reg", "expan"}), None)
    first = next(iter(choice), None) if meant is None else meant
    return "" if first is None else joined(first, written=False)


def _reference(reference: Element) -> str:
    """A number that leads to a note or a source, in brackets; other words as they are."""
    said = "".join(reference.itertext())
    return f"[{said.strip()}]" if reference.get("ref-type") in _MARKS and said.strip().isdigit() else said


def _menus(choice: Element) -> str:
    """Menus to be opened one after the other."""
    return " > ".join(" ".join(joined(each, written=False).split()) for each in choice)


def _keys(pressed: Element) -> str:
    """Keys to be pressed together."""
    return "+".join(" ".join(joined(each, written=False).split()) for each in pressed)


def _synopsis(synopsis: Element) -> str:
    """A command and what may stand behind it, in brackets unless it must."""
    said = []
    for each in synopsis:
        words = " ".join(joined(each, written=False).split())
        optional = local(each) in {"arg", "group"} and each.get("choice", "opt") == "opt"
        said.append(f"[{words}]" if optional else words)
    return " ".join(said)


_WRITTEN: Final[dict[str, Callable[[Element], str]]] = {
    "math": linear, "choice": _reading, "xref": _reference, "menuchoice": _menus, "keycombo": _keys,
    "cmdsynopsis": _synopsis,
}  # fmt: skip


def _is_note(name: str, node: Element, words: list[str]) -> bool:
    """Whether an element is a note on the words it stands among."""
    if name in _NOTES:
        return True
    return name == "note" and (node.get("place") in _PLACES or bool("".join(words[-_BEFORE_NOTE:]).strip()))


def has_words(element: Element) -> bool:
    """Whether words stand in an element itself, beside those of its children."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def local(element: Element) -> str:
    """The name without its namespace, in small letters; comments have none."""
    return bare(element.tag).lower() if isinstance(element.tag, str) else "script"


def bare(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]
