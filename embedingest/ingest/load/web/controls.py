"""What a page shows without having it as words: filled fields, drawings, formulas, readings, short forms spelled out.

Puts the words in their places of the tree. Knows no Markdown.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from embedingest.ingest.load.common.counting import written
from embedingest.ingest.load.common.mathml import linear
from embedingest.ingest.load.web.drawn import drawn
from embedingest.ingest.load.web.lines import unnumbered
from embedingest.ingest.load.web.words import ITEM, LINE_END, SKIPPED, walked, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborNode

    from embedingest.ingest.load.web.index import Index

__all__ = ["write_controls"]

_FILLED: Final = frozenset(
    ["", "text", "email", "tel", "url", "number", "date", "time", "datetime-local", "month", "week", "search", "range"]
)
_BOXES: Final = frozenset({"checkbox", "radio"})
_ASKS: Final = frozenset({"label", "li", "td", "th", "dd", "p", "form", "fieldset"})
_MOST_STEPS: Final = 4
_WRITTEN_MARK: Final = re.compile(r"mso-list\s*:\s*ignore", re.IGNORECASE)
_BULLETS: Final = frozenset({"o", "§", "Ø", "ü", "v", "q", "n"})
_UNSTRUCK: Final = frozenset({"pre", "code", "del", "s", "strike"})
_MOST_STRUCK: Final = 400
_KEEPS_LINES: Final = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_LISTED: Final = frozenset({"pre", "xmp", "listing"})
_LONGEST: Final = 100
"""Characters of what a short form stands for."""


def write_controls(page: Index) -> int:
    """Put words in the place of fields, drawings and formulas, and behind short forms what they stand for.

    How many words of drawings no browser shows.
    """
    if page.body is None:
        return 0
    unseen = 0
    for node in _inner_first(page.find("input, select")):
        _replace(node, _chosen(node) if node.tag == "select" else _entered(node))
    for node in page.find("en-todo"):  # of Evernote: what stands behind the box is read as if it stood in it
        node.insert_before("[x] " if node.attributes.get("checked") == "true" else "[ ] ")
    for node in _inner_first(page.find("math")):
        _replace(node, linear(_element(node)))
    for node in _inner_first(page.find("svg")):
        said, hidden = drawn(node)
        unseen += hidden
        _replace(node, said)
    for node in _inner_first(page.find("ruby > rt")):
        parent = node.parent
        if parent is not None and parent.css_first("rp") is None and (said := words(node)):
            node.replace_with(f"({said})")
    for node in _inner_first(page.find("span[style*='mso-list' i]")):
        if _WRITTEN_MARK.search(node.attributes.get("style") or ""):
            _mark_item(node)
    _quote(page.find("q"))
    _spell_out(page.find("abbr[title], acronym[title]"))
    _keep_lines(page.find("textarea, [style*='white-space' i]"))
    for node in page.find("del, s, strike, [style*='line-through' i]"):
        _strike(node)
    return unseen


def _inner_first(nodes: Iterable[LexborNode]) -> list[LexborNode]:
    return list(nodes)[::-1]


def _replace(node: LexborNode, said: str) -> None:
    """The words in the place of an element, with as many line feeds as it held: the lines of a page are counted."""
    node.replace_with((f" {said} " if said else "") + "\n" * node.text(deep=True).count("\n"))


def _entered(field: LexborNode) -> str:
    """What is entered in a field, or whether its box is ticked. What is hidden, and what a style draws, is none."""
    attributes = field.attributes
    kind = (attributes.get("type") or "").lower()
    if kind in _FILLED:
        return " ".join(unnumbered(attributes.get("value") or "").split())
    if kind not in _BOXES or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return ""
    if "toggle" in (attributes.get("class") or "") or not _is_asked(field):
        return ""
    return "[x]" if "checked" in attributes else "[ ]"


def _is_asked(box: LexborNode) -> bool:
    """Whether a box stands with words, rather than being the switch of a menu that a style folds."""
    after = box.next
    if after is not None and after.tag == "-text" and (after.text_content or "").strip():
        return True
    above = box.parent
    for _ in range(_MOST_STEPS):
        if above is None:
            return False
        if above.tag in _ASKS:
            return True
        above = above.parent
    return False


def _chosen(menu: LexborNode) -> str:
    """The options that are chosen, unless they only ask to choose.

    Of none a browser shows the first, but nobody has said it: no more than the hint in an empty field.
    """
    chosen = [option for option in menu.css("option") if "selected" in option.attributes]
    if "multiple" not in menu.attributes:
        chosen = chosen[-1:]
    chosen = [option for option in chosen if option.attributes.get("value") != ""]
    return ", ".join(said for option in chosen if (said := words(option)))


def _element(formula: LexborNode) -> ET.Element:
    """A formula as an element of XML."""
    root = ET.Element("math", {"alttext": formula.attributes.get("alttext") or ""})
    open_elements = [root]
    last: ET.Element | None = None
    for node, left in walked(formula):
        if left:
            last = open_elements.pop()
        elif node.tag == "-text":
            text = node.text_content or ""
            if last is None:
                open_elements[-1].text = (open_elements[-1].text or "") + text
            else:
                last.tail = (last.tail or "") + text
        elif node.tag and not node.tag.startswith("-"):
            last = ET.SubElement(open_elements[-1], node.tag, _known(node))
            if node.child is not None and node.tag not in SKIPPED:
                open_elements.append(last)
                last = None
    return root


def _known(node: LexborNode) -> dict[str, str]:
    return (
        {name: value or "" for name, value in node.attributes.items()} if node.tag in {"annotation", "mfenced"} else {}
    )


def _mark_item(node: LexborNode) -> None:
    """The number that Word writes before an item, as Markdown has it; its bullets are letters of fonts of signs."""
    label = words(node)
    mark = written(label, bullet=label in _BULLETS or not any(map(str.isalnum, label)))
    node.replace_with(f"{ITEM}{mark} " + "\n" * node.text(deep=True).count("\n"))


def _strike(node: LexborNode) -> None:
    """Signs around each stretch of words that are struck through: a reader of their letters takes them as said."""
    above: LexborNode | None = node.parent
    for _ in range(_MOST_STEPS):
        if above is None:
            break
        if above.tag in _UNSTRUCK or "line-through" in (above.attributes.get("style") or "").lower():
            return
        above = above.parent
    stretches = [inner for inner, _ in islice(walked(node), _MOST_STRUCK) if inner.tag == "-text"]
    for text in stretches:
        said = text.text_content or ""
        if any(character.isalnum() for character in said):
            words = said.strip()
            at = said.index(words)
            text.replace_with(f"{said[:at]}~~{words}~~{said[at + len(words) :]}")
    _part_from_added(node)


def _keep_lines(nodes: list[LexborNode]) -> None:
    """The lines of a text that is shown as it is written end where they do there; listings have their own way."""
    within: set[int] = set()  # elements that were looked through as part of others
    for node in nodes:
        if node.mem_id in within:
            continue
        if node.tag != "textarea" and not _KEEPS_LINES.search(node.attributes.get("style") or ""):
            continue
        if node.tag in _LISTED or (node.parent is not None and node.parent.tag in _LISTED):
            continue
        inner = [each for each, _ in walked(node)]
        within.update(each.mem_id for each in inner)
        for text in inner:
            said = (text.text_content or "") if text.tag == "-text" else ""
            if "\n" in said and text.parent is not None and text.parent.tag not in _LISTED:
                text.replace_with(said.replace("\n", f"{LINE_END}\n"))


def _part_from_added(node: LexborNode) -> None:
    """A blank between what is struck through and what stands in its place: other words, or another number."""
    said, before, after = node.text(deep=True), node.prev, node.next
    if before is not None and before.tag == "ins":
        node.insert_before(" ")
    if after is not None:
        begin = (after.text_content or "" if after.tag == "-text" else after.text(deep=True))[:1]
        if after.tag == "ins" or (begin.isdigit() and said.rstrip("~")[-1:].isdigit()):
            node.insert_after(" ")


def _quote(quotations: list[LexborNode]) -> None:
    """The signs that a browser puts around a quotation in a sentence; single ones where it stands in another."""
    for node in quotations[::-1]:
        inner = any(each.tag == "q" for each in (node.parent, node.parent and node.parent.parent) if each is not None)
        if node.child is not None:
            node.insert_before("‘" if inner else "“")
            node.insert_after("’" if inner else "”")


def _spell_out(short_forms: list[LexborNode]) -> None:
    """Behind the first of each short form, what it stands for."""
    told: set[tuple[str, str]] = set()
    for node in short_forms:
        meaning = " ".join(unnumbered(node.attributes.get("title") or "").split())
        said = words(node)
        if not said or not meaning[:1].isalpha() or len(meaning) > _LONGEST or meaning.lower() == said.lower():
            continue
        if (said, meaning) not in told:
            told.add((said, meaning))
            node.insert_after(f" ({meaning})")
