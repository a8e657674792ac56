"""Listings whose lines are numbered, or are blocks of their own: numbers go, blocks become one listing.

A page has such numbers in the text, where a reader may not mark them. Knows no Markdown; tables are told elsewhere.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.web.lines import LINE
from embedingest.ingest.load.web.words import APART, listing, walked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from embedingest.ingest.load.web.index import Index

__all__ = ["write_listings"]

# Looked for before any element is. Each begins with plain letters, so that it is found at once.
_SIGNS: Final = tuple(
    re.compile(sign)
    for sign in (
        "numbering",
        "gutter",
        "user-select",
        "fragment[\"']",
        "ln(?:um|[\"'t]|(?<==ln))",
        "ine(?<=[lL]ine)[-_]?[nN][ouUr]",
        r"#[a-zA-Z]{0,4}[-_]?\d{1,9}[\"']?(?:\s[^<>]{0,200})?>\s{0,9}\d{1,9}\s{0,9}</a>",
        r"<span style=\"[^\"<>]{0,200}padding[^\"<>]{0,200}\">\s{0,9}\d",
    )
)
_NAMED: Final = re.compile(
    r"(?:^|[\s_-])(?:(?:source|src|file)[-_])?(?:line[-_]?(?:nos?|nr|num(?:ber)?s?)|ln|lnt|lnum|numbering|gutter)(?:$|[\s_-])",
    re.IGNORECASE,
)
_SET_APART: Final = re.compile(r"user-select\s*:\s*none|padding", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"\s*(?:\d+[:.|)]?(?:\s+|\Z))*")
_COUNTS: Final = re.compile(r"\d+")
_ADDRESS: Final = re.compile(r"#?(?:[a-z]|line)?[-_]?(\d{1,9})", re.IGNORECASE)
_ADDRESSED: Final = re.compile(
    r"""=(?:(?<=href=)|(?<=id=)|(?<=name=)|(?<=\s=))\s*+["']?\s*+#?(?:[a-z]|line)?[-_]?\d{1,9}(?=[\s"'>\0/]|\Z)"""
)
"""An attribute that may be the address of a line, in small letters."""

_INLINE: Final = frozenset({"a", "b", "button", "div", "em", "font", "i", "label", "ol", "small", "span", "ul"})
_CODE: Final = re.compile(r"code|source|highlight|listing|syntax|hljs|prism|chroma|fragment|blob", re.IGNORECASE)
_CANDIDATES: Final = ", ".join(f"[class*={part} i]" for part in ("line", "ln", "numbering", "gutter"))
_BLANK: Final = frozenset({"link", "-comment"})
_MOST_STEPS: Final = 4


def write_listings(page: Index, source: str) -> None:
    """Take out numbers of lines, in listings and beside them; lines that are blocks become a listing."""
    body = page.body
    if body is None or not _may_have_numbers(page) or not any(sign.search(source) for sign in _SIGNS):
        return
    numbers = {node.mem_id: node for each in page.find("pre", body) for node in _numbers_in(each)}
    for node in numbers.values():
        _leave_out(node)
    for node in page.find("div.fragment", body)[::-1]:  # of Doxygen, whose lines lie in further elements that fold
        for tip in node.css("div.ttc"):
            tip.decompose()
        _write(page, node, node.css("div.line"))
    _write_rows(page, body)
    for node in page.find(_CANDIDATES, body):
        if node.tag not in {"td", "th", "tr"} and _is_column(node):
            node.replace_with("\n" * node.text(deep=True).count("\n"))


def _may_have_numbers(page: Index) -> bool:
    """Whether an element of the page is called what those of numbers are, is set apart as they are, or leads to one."""
    return (
        page.says("class", "line", "ln", "numbering", "gutter", "fragment")
        or page.says("style", "user-select", "padding")
        or page.matches(_ADDRESSED)
    )


def _numbers_in(pre: LexborNode) -> list[LexborNode]:
    """The numbers that lines of a listing begin with; none where it holds nothing else, as a column of them does."""
    found: list[LexborNode] = []
    begins, has_words, feeds = True, False, 0
    within: int | None = None
    for node, left in walked(pre):
        if within is not None:
            within = None if left and node.mem_id == within else within
            continue
        tag = node.tag or ""
        if tag == "-text":
            before, feed, last = (node.text_content or "").rpartition("\n")
            feeds += before.count("\n") + len(feed)
            has_words = has_words or bool((before + last).strip())
            begins = (begins or bool(feed)) and not last.strip()
            continue
        begins = begins or tag == "br" or tag in APART
        if not left and begins and tag in _INLINE and _is_number(node):
            found.append(node)
            within = None if node.child is None else node.mem_id
    return _those_that_count(found, feeds) if has_words else []


def _those_that_count(numbers: list[LexborNode], feeds: int) -> list[LexborNode]:
    """Those that are called numbers of lines; others too where most lines have one and they count up."""
    unnamed = [node for node in numbers if not _is_named(node)]
    if unnamed and len(unnamed) > 1 and 2 * len(unnamed) > feeds and _count_up(_counts(unnamed)):
        return numbers
    return [node for node in numbers if _is_named(node)]


def _is_named(node: LexborNode) -> bool:
    return _NAMED.search(node.attributes.get("class") or "") is not None


def _counts(nodes: list[LexborNode]) -> list[int]:
    """Every number in these elements; of more digits than any line has, the first."""
    return [int(each[:9]) for node in nodes for each in _COUNTS.findall(node.text(deep=True, separator="\n"))]


def _is_number(node: LexborNode) -> bool:
    """Whether an element holds the number of a line: it is called so, may not be marked, or is its own address."""
    attributes = node.attributes
    named = _is_named(node)
    if not (named or node.tag == "a" or _SET_APART.search(attributes.get("style") or "")):
        return False
    text = node.text(deep=True, separator="\n")
    if not _NUMBERS.fullmatch(text):
        return False
    number = text.strip().rstrip(":.|)")
    if named or node.tag != "a":
        return named or number.isdigit()
    addresses = [attributes.get(key) or "" for key in ("href", "id", "name")]
    return number.isdigit() and any(
        (found := _ADDRESS.fullmatch(each)) is not None and found[1].lstrip("0") == number.lstrip("0")
        for each in addresses
    )


def _leave_out(node: LexborNode) -> None:
    """Take out a number, and the blank that a browser does not break at behind it."""
    after = node.next
    if after is not None and after.tag == "-text" and (after.text_content or "")[:1] == "\u00a0":
        after.replace_with((after.text_content or "")[1:])
    node.decompose()


def _write_rows(page: Index, body: LexborNode) -> None:
    """Blocks that each begin with the number of a line, one below the other, as a listing."""
    seen: set[int] = set()
    for node in page.find(f"{_CANDIDATES}, a[href*=\\#]", body):
        row: LexborNode | None = node
        for _ in range(_MOST_STEPS):
            if row is None or row.tag in APART:
                break
            row = row.parent
        around = None if row is None or row is node else row.parent
        if row is None or around is None or around.mem_id in seen or row.tag not in {"div", "p"}:
            continue
        seen.add(around.mem_id)
        rows = list(_elements(around))
        if _is_of_code(around) and len(rows) > 1 and all(each.tag == row.tag for each in rows):
            numbers = [_first_number(each) for each in rows]
            if _count_up(_counts([each for each in numbers if each is not None])):
                _write(page, around, rows if None not in numbers else [])


def _is_of_code(node: LexborNode) -> bool:
    around = [node] if node.parent is None else [node, node.parent]
    return any(_CODE.search(each.attributes.get(key) or "") for each in around for key in ("class", "id"))


def _first_number(row: LexborNode) -> LexborNode | None:
    """The element with the number that a row begins with."""
    node = row.child
    for _ in range(_MOST_STEPS):
        while node is not None and not node.text(deep=True).strip():
            node = node.next
        if node is None or node.tag == "-text":
            return None
        if _is_number(node) and _COUNTS.search(node.text(deep=True)):
            return node
        node = node.child
    return None


def _count_up(numbers: list[int]) -> bool:
    return bool(numbers) and all(after == before + 1 for before, after in pairwise(numbers))


def _write(page: Index, node: LexborNode, rows: list[LexborNode]) -> None:
    """A listing in the place of an element, with these rows as its lines."""
    if not rows:
        return
    for number in [number for row in rows if (number := _first_number(row)) is not None]:
        _leave_out(number)
    pre = page.create("pre")
    for key in ("class", LINE):
        if value := node.attributes.get(key):
            pre.attrs[key] = value
    # Blanks that a browser would close up are written in a way that it keeps.
    pre.insert_child("\n".join(listing(row).strip("\n").replace("\u00a0", " ").rstrip() for row in rows))
    node.replace_with(pre)


def _is_column(node: LexborNode) -> bool:
    """Whether an element holds the numbers of the lines of a listing that stands beside it."""
    if not _is_named(node) or not _NUMBERS.fullmatch(node.text(deep=True, separator="\n")):
        return False
    if not _count_up(_counts([node])):
        return False
    return any(
        beside is not None and _is_listing(beside)
        for beside in (_sibling(node, after=True), _sibling(node, after=False))
    )


def _is_listing(node: LexborNode) -> bool:
    pre = node if node.tag == "pre" else node.css_first("pre")
    return pre is not None and not _NUMBERS.fullmatch(pre.text(deep=True, separator="\n"))


def _sibling(node: LexborNode, *, after: bool) -> LexborNode | None:
    beside = node.next if after else node.prev
    while beside is not None and (
        beside.tag in _BLANK or (beside.tag == "-text" and not (beside.text_content or "").strip())
    ):
        beside = beside.next if after else beside.prev
    return beside


def _elements(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        if child.tag and child.tag not in _BLANK and not child.tag.startswith("-"):
            yield child
        child = child.next
