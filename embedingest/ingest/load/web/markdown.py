"""A parsed HTML tree written out as Markdown. Knows elements; not where the page came from.

Emphasis and links are written as their words: they are for readers of pages, and embedding them costs tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.markdown_escape import escaped, fence_for
from embedingest.ingest.load.web.controls import write_controls
from embedingest.ingest.load.web.language import language_of_listing
from embedingest.ingest.load.web.line_numbers import write_listings
from embedingest.ingest.load.web.tables import code_of, grid, is_layout, own_rows
from embedingest.ingest.load.web.tree import parse
from embedingest.ingest.load.web.words import APART, SKIPPED, alternative, listing, words
from embedingest.ingest.load.web.writer import Writer

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from embedingest.ingest.load.web.index import Index

__all__ = ["render"]

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_LISTS: Final = frozenset({"ul", "ol", "menu"})
_LISTINGS: Final = frozenset({"pre", "xmp", "listing"})
_BOLD: Final = frozenset({"b", "strong", "dt", "summary"})
_BESIDE: Final = frozenset({"audio", "canvas", "meter", "progress", "textarea", "video"})
_WRITTEN: Final = APART | _BOLD | _BESIDE | SKIPPED | {"br", "img", "link"}
"""Elements that something is written for where they begin or end; of all others there is only what they hold."""

_PLAIN: Final = APART - _LISTS - _LISTINGS - _BOLD - frozenset(_HEADINGS) - {"li", "table"}
"""Those of them that begin and end a paragraph, and no more."""

_MORE: Final = frozenset(
    {"br", "img", "link", "b", "strong", "legend", "applet", "button", "marquee", "object", "table"}
    | _BESIDE | SKIPPED
)  # fmt: skip
"""What of a paragraph is more than its words, or may hold such: all others that something is written for end it."""

_DEEPEST_FRAME: Final = 3


def render(page: Index, roots: list[LexborNode], *, lines: bool = False) -> tuple[str, list[tuple[int, int]]]:
    """The Markdown of some elements of a page, blocks one blank line apart; with `lines`, places with source lines.

    The lines are those that `numbered` wrote into the page before it was parsed.
    """
    writer = Writer(has_lines=lines)
    for root in roots:
        _walk(writer, root, _more_than_words(page, root))
    return "".join(writer.parts) + ("\n" if writer.parts else ""), writer.origins


def _more_than_words(page: Index, root: LexborNode) -> set[int]:
    """The paragraphs, by their `mem_id`, that hold more than words, with what lies between."""
    found: set[int] = set()
    for node in root.css(", ".join(f"p {tag}" for tag in _MORE & page.tags)) if "p" in page.tags else ():
        above = node.parent
        while above is not None and above.mem_id not in found:
            found.add(above.mem_id)
            if above.tag == "p":
                break
            above = above.parent
    return found


def _walk(writer: Writer, root: LexborNode, parted: set[int]) -> None:
    node = root.first_child if _enter(writer, root, root.tag or "") else None
    if node is None:
        writer.flush()
        return
    open_nodes: list[LexborNode] = []
    text, begin, flush, paragraph = writer.text, writer.begin, writer.flush, writer.paragraph
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            text(node.text_content or "")
            inner = None
        elif tag not in _WRITTEN:
            inner = node.first_child
        elif tag in _PLAIN:
            begin(node)
            is_whole = tag == "p" and node.mem_id not in parted and paragraph(node.text(deep=True))
            inner = None if is_whole else node.first_child
        else:
            inner = node.first_child if _enter(writer, node, tag) else None
        if inner is not None:
            open_nodes.append(node)
            node = inner
            continue
        following = node.next
        while following is None and open_nodes:
            node = open_nodes.pop()
            tag = node.tag or ""
            if tag in _PLAIN:
                flush()
            elif tag in _WRITTEN:
                _leave(writer, tag)
            following = node.next
        node = following
    _leave(writer, root.tag or "")
    writer.flush()


def _enter(writer: Writer, node: LexborNode, tag: str) -> bool:
    """Begin an element; whether its children are to be walked."""
    if tag in APART:
        return _enter_block(writer, node, tag)
    if tag in _BOLD:
        writer.bold += node.first_child is not None
    elif tag == "br":
        writer.line_break()
    elif tag == "link":
        writer.skip_to(writer.line_of(node))
    elif tag == "img":
        writer.text(alternative(node))
    elif tag == "iframe":
        _frame(writer, node)
    elif tag in _BESIDE:
        writer.text(" ")
    return tag not in SKIPPED


def _enter_block(writer: Writer, node: LexborNode, tag: str) -> bool:
    if tag in _LISTS:
        writer.open_list(node)
        writer.line = writer.line_of(node)
        return _or_leave(writer, node, tag)
    writer.begin(node)
    if tag in _HEADINGS:
        writer.heading(words(node).replace("¶", ""), node.text(deep=True).count("\n"), _HEADINGS[tag])
        return False
    if tag in _LISTINGS:
        _pre(writer, node)
        return False
    if tag == "table":
        return _table(writer, node)
    if tag == "li":
        writer.item(node)
    writer.bold += tag in _BOLD and node.first_child is not None
    return True


def _or_leave(writer: Writer, node: LexborNode, tag: str) -> bool:
    if node.first_child is None:
        _leave(writer, tag)
    return True


def _leave(writer: Writer, tag: str) -> None:
    if tag in _LISTS:
        writer.close_list()
    elif tag in APART:
        writer.flush()
    elif tag in _BESIDE:
        writer.text(" ")
    writer.bold -= tag in _BOLD


def _frame(writer: Writer, node: LexborNode) -> None:
    """A page that stands within the page."""
    inner = node.attributes.get("srcdoc") or ""
    if inner.strip() and writer.frames < _DEEPEST_FRAME:
        writer.flush()
        writer.frames += 1
        page = parse(inner)
        write_listings(page, inner)
        write_controls(page)
        if page.body is not None:
            _walk(writer, page.body, _more_than_words(page, page.body))
        writer.frames -= 1


def _pre(writer: Writer, node: LexborNode) -> None:
    whole = listing(node) if node.tag == "pre" else node.text(deep=True)
    first = writer.line + len(whole) - len(whole.lstrip("\n"))
    writer.line += node.text(deep=True).count("\n")
    _listing(writer, whole, language_of_listing(node), first)


def _listing(writer: Writer, whole: str, language: str, first: int) -> None:
    """A fenced listing; `first` is the line of the source on which its first words stand."""
    code = whole.strip("\n").rstrip()
    if not code.strip():
        return
    fence = fence_for(code)
    writer.block([fence + language, *code.split("\n"), fence], [(0, 0, first), (1, 0, first)])


def _table(writer: Writer, node: LexborNode) -> bool:
    """Write a table as pipes, its first row as the header, or as the listing it sets; whether it is layout instead,
    to be walked as the text that it holds.
    """
    rows = list(own_rows(node))
    code = code_of(rows)
    if code is not None:
        _listing(writer, code, language_of_listing(node), writer.line)
        return False
    if is_layout(node, rows):
        return True
    caption = node.css_first("caption")
    if caption is not None and (told := words(caption)):
        writer.block([escaped(told)], [(0, 0, writer.line_of(caption))])
    found = grid(rows)
    numbers = [writer.line_of(row.node) for row in found]
    width = len(found[0].cells) if found else 0
    if width <= 1:
        for row, number in zip(found, numbers, strict=True):
            writer.block([escaped(row.cells[0])], [(0, 0, number)])
        return False
    lines = ["| " + " | ".join(row.cells) + " |" for row in found]
    origins = [(index + (index > 0), 0, number) for index, number in enumerate(numbers)]
    writer.block([lines[0], "|" + " --- |" * width, *lines[1:]], origins)
    return False
