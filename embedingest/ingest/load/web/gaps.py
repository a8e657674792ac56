"""Words of neighbouring elements that a page sets apart by its style only: a blank between them. Knows no Markdown.

A style sheet is not read. Blanks are put where an element says so itself (its style, its part in the page), and between
neighbours that touch where the words would run into each other: a small letter into a large one, a number into another.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final
from unicodedata import category

from embedingest.ingest.load.web.words import APART

if TYPE_CHECKING:
    from collections.abc import Set

    from selectolax.lexbor import LexborNode

    from embedingest.ingest.load.web.index import Index

__all__ = ["write_gaps"]

_TOUCHING: Final = re.compile(r"</(?:a|b|bdi|cite|data|em|i|mark|small|span|strong|time|u)\s*><[a-z]", re.IGNORECASE)
_INLINE: Final = "a, b, bdi, cite, data, em, i, mark, small, span, strong, time, u"
# Elements of the page's own making, as shops and applications have them: to a browser they are inline.
_OWN: Final = re.compile(r"</([a-z][a-z0-9]{0,30}(?:-[a-z0-9]{1,30}){1,5})>(?=<[a-z])", re.IGNORECASE)
_MOST_OWN: Final = 60
_NAMES: Final = frozenset(_INLINE.split(", "))
_PARTS: Final = (
    "label, optgroup, option, output, audio, video, [role=tab], [role=button], [role=option], [role=menuitem], "
    "[role=listitem], [role=row], [role=cell], [role=gridcell], [role=columnheader], [role=rowheader], "
    "[role=heading], [role=paragraph], blockquote > cite, figure > cite, figure > small"
)
_STYLED: Final = "[style*=display i]"
_DISPLAY: Final = re.compile(
    r"display\s*:\s*(?:(inline-)?(flex|grid)|(?:inline-)?block|(?:inline-)?table(?:-[a-z-]+)?|list-item|flow-root)",
    re.IGNORECASE,
)
# Classes of what stands in a row of its kind.
_ROW: Final = re.compile(
    r"(?:^|[\s_-])(?:tags?|badges?|labels?|chips?|pills?|btn|buttons?|tabs?|items?|keywords?|categor(?:y|ies)|cell|col)(?:$|[\s_\d-])",
    re.IGNORECASE,
)
_RAISED: Final = re.compile(r"\bsu[bp]|script|drop-?cap|initial|first-?letter", re.IGNORECASE)
_RUN: Final = re.compile(r"(?:\s*(?:c|s|t|f|ft|cls|font|calibre|text|Mso)_?\d+)+\s*", re.IGNORECASE)
_LETTERS: Final = re.compile(r"font|vertical-align|letter-spacing|mso-|color", re.IGNORECASE)
_LISTINGS: Final = frozenset({"pre", "code", "kbd", "samp", "tt", "var", "textarea", "math"})
_MONEY: Final = "€$£¥"
_CLOSING: Final = ",.;:!?)]}»”’%"
_STRUCK: Final = frozenset({"del", "s", "strike"})
_WORD: Final = re.compile(r"[^\W\d_]{4}")  # more letters than end a number (5th, 3er) or name its unit (5kg)
_MOST_STEPS: Final = 12  # to the first or last words of an element, and up from it


def write_gaps(page: Index, source: str) -> None:
    """Put a blank between words that stand in no line of their own, and would be read as one."""
    body = page.body
    if body is None:
        return
    for node in page.find(_PARTS, body):
        _part(node)
    for node in page.find("blockquote cite", body):  # who is quoted, as forums set it in a line of its own
        if _edge(node, last=True).endswith(":"):
            node.insert_after(" ")
    for node in page.find(_STYLED, body):
        _set_apart(node)
    own = _own(source) if any("-" in tag for tag in page.tags) else set()
    if own or _TOUCHING.search(source):
        _part_touching(page, body, _NAMES | own)


def _part_touching(page: Index, body: LexborNode, names: Set[str]) -> None:
    listings: dict[int, bool] = {}  # by the element that holds some of these
    present = ", ".join(sorted(name for name in names if name in page.tags))
    for follower in body.css(f":is({present}) + *") if present else []:
        node = follower.prev
        while node is not None and node.tag == "-comment":
            node = node.prev
        if node is None or node.tag == "-text":  # nearly all
            continue
        after = _beside(node)
        if after is None or not (after.tag in names or _is_own(after)):
            continue
        around = node.parent
        key = 0 if around is None else around.mem_id
        if key not in listings:
            listings[key] = _in_listing(node)
        if not listings[key] and _run_together(node, after):
            node.insert_after(" ")


def _own(source: str) -> set[str]:
    """The names of elements of the page's own making that another one touches."""
    return set(islice((match[1].lower() for match in _OWN.finditer(source)), _MOST_OWN))


def _part(node: LexborNode) -> None:
    node.insert_before(" ")
    node.insert_after(" ")


def _set_apart(node: LexborNode) -> None:
    """An element whose own style makes a block of it, and what stands in one that sets its children side by side."""
    match = _DISPLAY.search(node.attributes.get("style") or "")
    if match is None or _in_listing(node):
        return
    if node.tag not in APART:
        _part(node)
    child = node.child if match[2] else None
    while child is not None:
        if child.tag and not child.tag.startswith("-") and child.tag not in APART:
            child.insert_before(" ")
        child = child.next


def _beside(node: LexborNode) -> LexborNode | None:
    """The element that touches this one; a comment between them is nothing."""
    after = node.next
    for _ in range(_MOST_STEPS):
        if after is None or after.tag not in {"-comment", "link"}:
            break
        after = after.next
    return after


def _is_own(node: LexborNode) -> bool:
    """Whether an element is of the page's own making; the parser begins the names of what is no element with a dash."""
    return "-" in (node.tag or "")[1:]


def _run_together(node: LexborNode, after: LexborNode) -> bool:
    """Whether the words of two elements that touch would be read as one word that they do not make."""
    before, behind = _edge(node, last=True), _edge(after, last=False)
    if not before or not behind or before[-1].isspace() or behind[0].isspace():
        return False
    classes = [each.attributes.get("class") or "" for each in (node, after)]
    if any(_RAISED.search(each) for each in classes) or _is_run(node) or _is_run(after):
        return False
    behind = behind.removeprefix("~~") or behind
    end, begin = before[-1], behind[0]
    if classes[0] == classes[1] and _ROW.search(classes[0]) and begin not in _CLOSING:
        return True
    if before.endswith("~~") and (node.tag not in _STRUCK or begin.isdigit() or begin in _MONEY):
        return begin.isalnum() or begin in _MONEY
    if end.isalnum() and begin.isalnum() and ((node.tag == after.tag == "a") or _is_own(node) or _is_own(after)):
        return True
    return len(before.strip()) > 1 and _parts(before, end, behind)


def _is_run(node: LexborNode) -> bool:
    """Whether an element is a run of letters of a word processor, which ends within words and writes all blanks."""
    attributes = node.attributes
    return bool(_RUN.fullmatch(attributes.get("class") or "") or _LETTERS.search(attributes.get("style") or ""))


def _parts(before: str, end: str, behind: str) -> bool:
    """Whether a new word begins: in title case, or a number behind a word, a number or a price."""
    begin = behind[0]
    if begin in _MONEY or (begin == "(" and behind[2:3] not in {"", ")"}):
        return end.isalnum()
    if begin.isdigit():
        return end.isalnum() or end in "€$£¥%" or category(end) == "So" or (end == ":" and before[-2].isalpha())
    if not begin.isupper():
        return begin.isalpha() and (end == ":" or (end.isdigit() and _WORD.match(behind) is not None))
    if end.islower() or end.isdigit() or end in ".:;!?)…%€":
        return True
    if end.isupper():
        return behind[1:2].islower()
    return end in "-–*" and not before[-2].isalnum()


def _edge(node: LexborNode, *, last: bool) -> str:
    """The words at an end of an element; none where a picture or the like stands there."""
    inner: LexborNode | None = node
    for _ in range(_MOST_STEPS):
        if inner is None:
            return ""
        if inner.tag == "-text":
            return inner.text_content or ""
        inner = inner.last_child if last else inner.child
    return ""


def _in_listing(node: LexborNode) -> bool:
    above: LexborNode | None = node
    for _ in range(_MOST_STEPS):
        if above is None:
            return False
        if above.tag in _LISTINGS:
            return True
        above = above.parent
    return False
