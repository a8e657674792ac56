"""A parsed HTML tree written out as Markdown. Knows elements; not where the page came from.

Emphasis and links are written as their words: they are for readers of pages, and embedding them costs tokens.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.html_lines import LINE, unnumbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

__all__ = ["render"]

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_BLOCKS: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "ol",
        "p",
        "section",
        "summary",
        "ul",
        "caption",
        "tbody",
        "thead",
        "tfoot",
        "menu",
    ]
)
_LISTS: Final = frozenset({"ul", "ol", "menu"})
_SKIPPED: Final = frozenset({"script", "style", "head", "template", "noscript", "-comment", "svg"})
_DEEPEST_LIST: Final = 12
_FENCE_RUN: Final = re.compile(r"`{3,}")
_LANGUAGE: Final = re.compile(r"(?:language|lang|highlight|brush)[-: ]+([a-z0-9+#_-]+)")


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
        self._lists: list[int] = []  # per open list: the next number, 0 for bullets
        self._marker = ""  # the bullet that the next block begins with
        self._close = False  # the last block is an item of one line: the next one stands close to it

    def text(self, words: str) -> None:
        if not self._inline:
            self._began = self.line
        self._inline.append(words)
        self.line += words.count("\n")

    def skip_to(self, line: int) -> None:
        """What lay between is not in the text; inside a paragraph a NUL, which no page holds, stands for each line."""
        if self._inline and line > self.line:
            self._inline.append("\0" * (line - self.line))
        self.line = line

    def flush(self, lead: str = "") -> None:
        """End the paragraph under way; `lead` goes in front of it (the hashes of a heading)."""
        if not self._inline:
            return
        lines, origins = _flowed("".join(self._inline), self._began, lead)
        self._inline.clear()
        if lines:
            self.block(lines, origins)

    def block(self, lines: list[str], origins: list[tuple[int, int, int]]) -> None:
        """Append lines at the current depth of lists, behind a bullet where one is owed.

        `origins` say of places in them, by index of the line and column, on which line of the source they stand.
        """
        if not self._lists:
            self._append("\n".join(lines), origins)
            return
        indent = "  " * min(len(self._lists) - 1, _DEEPEST_LIST)
        hang = indent + "  "
        first = indent + self._marker + lines[0] if self._marker else hang + lines[0]
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

    def open_list(self, tag: str) -> None:
        self.flush()
        self._marker = ""
        self._lists.append(1 if tag == "ol" else 0)

    def close_list(self) -> None:
        self.flush()
        if self._lists:
            self._lists.pop()
        self._marker = ""
        self._close = self._close and bool(self._lists)

    def item(self) -> None:
        self.flush()
        if not self._lists:
            return
        number = self._lists[-1]
        self._marker = f"{number}. " if number else "- "
        if number:
            self._lists[-1] += 1


def _flowed(text: str, line: int, lead: str) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The words of a paragraph that begins on `line`, a line for each <br> (a vertical tab), and their origins."""
    lines: list[str] = []
    origins: list[tuple[int, int, int]] = []
    if not text or text.isspace():
        return lines, origins
    for part in text.split("\v"):
        words: list[str] = []
        column = len(lead)
        for piece in part.split("\n"):
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
            lines.append(lead + " ".join(words))
            lead = ""
    return lines, origins


def render(root: LexborNode) -> tuple[str, list[tuple[int, int]]]:
    """The Markdown of everything under `root`, blocks one blank line apart; places in it with their source lines.

    The lines are those that `numbered` wrote into the page before it was parsed.
    """
    writer = _Writer()
    open_tags: list[str] = []
    node = root.child
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
    writer.flush()
    return "".join(writer.parts) + ("\n" if writer.parts else ""), writer.origins


def _enter(writer: _Writer, node: LexborNode, tag: str) -> bool:
    """Begin an element; whether its children are to be walked."""
    if tag == "-text":
        writer.text(node.text_content or "")
        return False
    if tag in _HEADINGS or tag in _BLOCKS or tag in {"pre", "table"}:
        return _enter_block(writer, node, tag)
    if tag == "link":
        writer.skip_to(_line(node, writer.line))
    if tag == "br":
        writer.text("\v")
    elif tag == "img":
        writer.text(_alternative(node))
    return tag not in _SKIPPED


def _enter_block(writer: _Writer, node: LexborNode, tag: str) -> bool:
    if tag in _LISTS:
        writer.open_list(tag)
        writer.line = _line(node, writer.line)
        return _or_leave(writer, node, tag)
    writer.flush()
    writer.line = _line(node, writer.line)
    if tag in _HEADINGS:
        writer.text(node.text(deep=True).replace("¶", ""))
        writer.flush("#" * _HEADINGS[tag] + " ")
        return False
    if tag == "pre":
        _pre(writer, node)
        return False
    if tag == "table":
        _table(writer, node)
        return False
    if tag == "li":
        writer.item()
    return True


def _or_leave(writer: _Writer, node: LexborNode, tag: str) -> bool:
    if node.child is None:
        _leave(writer, tag)
    return True


def _leave(writer: _Writer, tag: str) -> None:
    if tag in _LISTS:
        writer.close_list()
    elif tag in _BLOCKS:
        writer.flush()


def _pre(writer: _Writer, node: LexborNode) -> None:
    whole = node.text(deep=True)
    code = whole.strip("\n").rstrip()
    first = writer.line + len(whole) - len(whole.lstrip("\n"))
    writer.line += whole.count("\n")
    if not code.strip():
        return
    longest = max((len(run) for run in _FENCE_RUN.findall(code)), default=2)
    fence = "`" * (longest + 1)
    writer.block([fence + _language(node), *code.split("\n"), fence], [(0, 0, first), (1, 0, first)])


def _language(node: LexborNode) -> str:
    inner = node.css_first("code[class]")
    parent = node.parent
    around = [] if parent is None else [parent, parent.parent]
    for element in (node, inner, *around):
        match = _LANGUAGE.search((element.attributes.get("class") or "").lower()) if element is not None else None
        if match and match[1] not in {"default", "none", "text", "notranslate"}:
            return match[1]
    return ""


def _table(writer: _Writer, node: LexborNode) -> None:
    """A table as pipes: its first row is the header. A table of one column is layout, written as paragraphs."""
    caption = node.css_first("caption")
    if caption is not None:
        words = " ".join(caption.text(deep=True, separator=" ").split())
        writer.block([words], [(0, 0, _line(caption, writer.line))])
    numbers, rows = [], []
    for row in node.css("tr"):
        cells = [_cell(cell) for cell in _cells(row)] if _inside(row, node) else []
        if any(cells):
            rows.append(cells)
            numbers.append(_line(row, writer.line))
    width = max(map(len, rows), default=0)
    if width == 0:
        return
    if width == 1:
        for cells, number in zip(rows, numbers, strict=True):
            writer.block([cells[0]], [(0, 0, number)])
        return
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    origins = [(index + (index > 0), 0, number) for index, number in enumerate(numbers)]
    writer.block([lines[0], "|" + " --- |" * width, *lines[1:]], origins)


def _line(node: LexborNode, otherwise: int) -> int:
    """The line of the source that an element stands on, where it is known."""
    number = node.attributes.get(LINE)
    return int(number) if number and number.isdigit() else otherwise


def _cells(row: LexborNode) -> Iterator[LexborNode]:
    """The row's own cells, not those of tables inside them."""
    cell = row.child
    while cell is not None:
        if cell.tag in {"td", "th"}:
            yield cell
        cell = cell.next


def _inside(row: LexborNode, table: LexborNode) -> bool:
    """Whether a row is the table's own, not one of a table inside a cell."""
    parent = row.parent
    while parent is not None and parent.tag != "table":
        parent = parent.parent
    return parent is not None and parent.mem_id == table.mem_id


def _cell(cell: LexborNode) -> str:
    return " ".join(cell.text(deep=True).replace("|", "\\|").split())


def _alternative(node: LexborNode) -> str:
    words = " ".join(unnumbered(node.attributes.get("alt") or "").split())
    return f" {words} " if words else ""
