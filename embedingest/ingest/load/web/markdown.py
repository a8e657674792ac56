"""A parsed HTML tree written out as Markdown. Knows elements; not where the page came from.

Emphasis and links are written as their words: they are for readers of pages, and embedding them costs tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.markdown_escape import escaped, fence_for, label
from embedingest.ingest.load.web.controls import write_controls
from embedingest.ingest.load.web.language import language_of_listing
from embedingest.ingest.load.web.line_numbers import write_listings
from embedingest.ingest.load.web.lines import LINE, unnumbered
from embedingest.ingest.load.web.numbered import OpenList, opened
from embedingest.ingest.load.web.tables import code_of, grid, is_layout, own_rows
from embedingest.ingest.load.web.tree import parse
from embedingest.ingest.load.web.words import APART, ITEM, LINE_END, SKIPPED, alternative, listing, seen, words
from embedingest.numerals import whole

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["render"]

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_LISTS: Final = frozenset({"ul", "ol", "menu"})
_LISTINGS: Final = frozenset({"pre", "xmp", "listing"})
_DEEPEST_LIST: Final = 12
_BOLD: Final = frozenset({"b", "strong", "dt", "summary"})
_BESIDE: Final = frozenset({"audio", "canvas", "meter", "progress", "textarea", "video"})
_DEEPEST_FRAME: Final = 3


class _Writer:
    """Collects Markdown blocks. `_inline` holds the words of the paragraph under way.

    `line` is the line of the source that the walk is on; `origins` are places in the text with their lines.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.origins: list[tuple[int, int]] = []
        self.line = 1
        self._length = 0
        self._inline: list[str] = []
        self._began = 1  # the line of the paragraph's first words
        self._lists: list[OpenList] = []
        self._marker = ""  # the mark that the next block begins with
        self.bold = 0  # open elements in bold letters
        self._is_item = False  # whether the paragraph under way is an item that a word processor marked
        self._light = False  # whether words of the paragraph under way stand in none
        self.frames = 0  # open frames
        self._close = False  # the last block is an item of one line: the next one stands close to it

    def text(self, words: str) -> None:
        if not self._inline:
            self._began = self.line
        if ITEM in words and all(map(str.isspace, self._inline)):
            self._is_item = True
        if not (self.bold or self._light or words.isspace()):
            self._light = True
        self._inline.append(seen(words))
        self.line += words.count("\n")

    def skip_to(self, line: int) -> None:
        """What lay between is not in the text; inside a paragraph a NUL, which no page holds, stands for each line."""
        if self._inline and line > self.line:
            self._inline.append("\0" * (line - self.line))
        self.line = line

    def line_break(self) -> None:
        """A line ends here; two such ends with nothing between them part paragraphs."""
        before = next((piece for piece in reversed(self._inline) if not piece.isspace() or piece == LINE_END), "")
        if before == LINE_END:
            self.flush()
        else:
            self.text(LINE_END)

    def flush(self) -> None:
        """End the paragraph under way."""
        if not self._inline:
            return
        lines, origins = _flowed("".join(self._inline), self._began)
        bold, is_item = not self._light, self._is_item
        self._inline.clear()
        self._light = self._is_item = False
        if lines:
            as_label = label("\n".join(lines)) if bold else None
            said = [lines[0] if is_item else escaped(lines[0]), *map(escaped, lines[1:])]
            self.block([as_label] if as_label and not is_item else said, origins)

    def heading(self, words: str, breaks: int, level: int) -> None:
        """A heading with these words, whose element holds `breaks` line feeds of the source."""
        if words:
            self.block([f"{'#' * level} {words}"], [(0, 0, self.line)])
        self.line += breaks

    def block(self, lines: list[str], origins: list[tuple[int, int, int]]) -> None:
        """Append lines at the current depth of lists, behind a bullet where one is owed.

        `origins` say of places in them, by index of the line and column, on which line of the source they stand.
        """
        if not self._lists:
            self._append("\n".join(lines), origins)
            return
        widths = [each.width for each in self._lists[: _DEEPEST_LIST + 1]]
        indent, hang = " " * sum(widths[:-1]), " " * sum(widths)
        first = f"{indent}{self._marker} {lines[0]}" if self._marker else hang + lines[0]
        joined = "\n".join([first, *(hang + line if line else "" for line in lines[1:])])
        close = bool(self._marker) and len(lines) == 1
        self._append(joined, origins, len(hang), close=close and self._close)
        self._close = close
        self._marker = ""

    def _append(self, block: str, origins: list[tuple[int, int, int]], hang: int = 0, *, close: bool = False) -> None:
        """`origins` as those of `block`; the words of each line stand behind about `hang` characters."""
        if self.parts:
            self.parts.append("\n" if close else "\n\n")
            self._length += 1 if close else 2
        start = self._length
        self.parts.append(block)
        self._length += len(block)
        at = row = 0
        for index, column, line in origins:
            while row < index:
                at = block.index("\n", at) + 1
                row += 1
            self.origins.append((start + at + (column + hang if column else 0), line))

    def open_list(self, node: LexborNode) -> None:
        self.flush()
        self._marker = ""
        self._lists.append(opened(node))

    def close_list(self) -> None:
        self.flush()
        if self._lists:
            self._lists.pop()
        self._marker = ""
        self._close = self._close and bool(self._lists)

    def item(self, node: LexborNode) -> None:
        self.flush()
        if self._lists:
            self._marker = self._lists[-1].mark(node)


def _flowed(text: str, line: int) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The words of a paragraph that begins on `line`, a line for each <br> (a vertical tab), and their origins."""
    lines: list[str] = []
    origins: list[tuple[int, int, int]] = []
    if not text or text.isspace():
        return lines, origins
    for part in text.split(LINE_END):
        words: list[str] = []
        column = 0
        for piece in part.split("\n"):
            if "\0" not in piece:  # nearly all
                if inner := " ".join(piece.split()):
                    origins.append((len(lines), column if words else 0, line))
                    words.append(inner)
                    column += len(inner) + 1
                line += 1
                continue
            written, spaced = 0, False  # characters so far, and whether a blank stands behind them
            for stretch in piece.split("\0"):
                inner = " ".join(stretch.split())
                if inner:
                    origins.append((len(lines), column + written if words or written else 0, line))
                    written += len(inner) + bool(written and (spaced or stretch[0].isspace()))
                    spaced = False
                spaced = spaced or stretch[-1:].isspace()
                line += 1
            if written:
                words.append(" ".join(piece.replace("\0", "").split()))
                column += written + 1
        line -= 1
        if words:
            lines.append(" ".join(words))
    return lines, origins


def render(roots: list[LexborNode]) -> tuple[str, list[tuple[int, int]]]:
    """The Markdown of these elements, blocks one blank line apart; places in it with their source lines.

    The lines are those that `numbered` wrote into the page before it was parsed.
    """
    writer = _Writer()
    for root in roots:
        _walk(writer, root)
    return "".join(writer.parts) + ("\n" if writer.parts else ""), writer.origins


def _walk(writer: _Writer, root: LexborNode) -> None:
    tag = root.tag or ""
    if not _enter(writer, root, tag) or root.child is None:
        writer.flush()
        return
    open_tags: list[str] = []
    node: LexborNode | None = root.child
    while node is not None:
        tag = node.tag or ""
        if _enter(writer, node, tag) and node.child is not None:
            open_tags.append(tag)
            node = node.child
            continue
        following = node.next
        while following is None and open_tags:
            node = node.parent
            _leave(writer, open_tags.pop())
            assert node is not None
            following = node.next
        node = following
    _leave(writer, root.tag or "")
    writer.flush()


def _enter(writer: _Writer, node: LexborNode, tag: str) -> bool:
    """Begin an element; whether its children are to be walked."""
    if tag == "-text":
        for at, piece in enumerate((node.text_content or "").split(LINE_END)):
            if at:
                writer.line_break()
            writer.text(piece)
        return False
    if tag in APART:
        return _enter_block(writer, node, tag)
    if tag == "link":
        writer.skip_to(_line(node, writer.line))
    if tag == "br":
        writer.line_break()
    elif tag == "img":
        writer.text(alternative(node))
    elif tag == "iframe":
        _frame(writer, node)
    elif tag in _BESIDE:
        writer.text(" ")
    elif tag in _BOLD and node.child is not None:
        writer.bold += 1
    return tag not in SKIPPED


def _enter_block(writer: _Writer, node: LexborNode, tag: str) -> bool:
    if tag in _LISTS:
        writer.open_list(node)
        writer.line = _line(node, writer.line)
        return _or_leave(writer, node, tag)
    writer.flush()
    writer.line = _line(node, writer.line)
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
    writer.bold += tag in _BOLD and node.child is not None
    return True


def _or_leave(writer: _Writer, node: LexborNode, tag: str) -> bool:
    if node.child is None:
        _leave(writer, tag)
    return True


def _leave(writer: _Writer, tag: str) -> None:
    if tag in _LISTS:
        writer.close_list()
    elif tag in APART:
        writer.flush()
    elif tag in _BESIDE:
        writer.text(" ")
    writer.bold -= tag in _BOLD


def _frame(writer: _Writer, node: LexborNode) -> None:
    """A page that stands within the page."""
    inner = node.attributes.get("srcdoc") or ""
    if inner.strip() and writer.frames < _DEEPEST_FRAME:
        writer.flush()
        writer.frames += 1
        tree = parse(inner)
        write_listings(tree, inner)
        write_controls(tree)
        if tree.body is not None:
            _walk(writer, tree.body)
        writer.frames -= 1


def _pre(writer: _Writer, node: LexborNode) -> None:
    whole = listing(node) if node.tag == "pre" else unnumbered(node.text(deep=True))
    first = writer.line + len(whole) - len(whole.lstrip("\n"))
    writer.line += node.text(deep=True).count("\n")
    _listing(writer, whole, language_of_listing(node), first)


def _listing(writer: _Writer, whole: str, language: str, first: int) -> None:
    """A fenced listing; `first` is the line of the source on which its first words stand."""
    code = whole.strip("\n").rstrip()
    if not code.strip():
        return
    fence = fence_for(code)
    writer.block([fence + language, *code.split("\n"), fence], [(0, 0, first), (1, 0, first)])


def _table(writer: _Writer, node: LexborNode) -> bool:
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
        writer.block([escaped(told)], [(0, 0, _line(caption, writer.line))])
    found = grid(rows)
    numbers = [_line(row.node, writer.line) for row in found]
    width = len(found[0].cells) if found else 0
    if width <= 1:
        for row, number in zip(found, numbers, strict=True):
            writer.block([escaped(row.cells[0])], [(0, 0, number)])
        return False
    lines = ["| " + " | ".join(row.cells) + " |" for row in found]
    origins = [(index + (index > 0), 0, number) for index, number in enumerate(numbers)]
    writer.block([lines[0], "|" + " --- |" * width, *lines[1:]], origins)
    return False


def _line(node: LexborNode, otherwise: int) -> int:
    """The line of the source that an element stands on, where it is known."""
    return whole(node.attributes.get(LINE), otherwise)
