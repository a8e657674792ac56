"""Tables of web pages: which hold data, which set a page or a listing; the grid that spans make. Writes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.web.words import listing, words
from embedingest.numerals import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

__all__ = ["Row", "code_of", "grid", "is_layout", "own_rows"]

_MOST_SPAN: Final = 100
_MOST_ROWS: Final = 65_534
_SHORT: Final = 100
_FEW: Final = 12
_MOST_FILLED: Final = 10_000
_LONG_CELL: Final = 240
"""Characters of a cell, on average, from which a table without headers is running text that was set in cells."""

_SECTIONS: Final = frozenset({"tbody", "thead", "tfoot"})
_DATA: Final = frozenset({"caption", "thead", "colgroup"})
_BLOCKS: Final = "table, h1, h2, h3, h4, h5, h6, pre, hr, form, blockquote"
_NUMBERS: Final = re.compile(r"\s*\d+(?:\s+\d+)*\s*")
_CODE_CELLS: Final = re.compile(r"\b(?:blob-code|code|rouge-code|hljs-ln-code|lntd|crayon-code)\b")


class Row(NamedTuple):
    """The words of a row's cells by column, and the row's element."""

    cells: list[str]
    node: LexborNode


def own_rows(table: LexborNode) -> list[tuple[LexborNode, list[LexborNode]]]:
    """The table's own rows with their own cells, not those of tables inside them."""
    return [
        (row, [cell for cell in _children(row) if cell.tag in {"td", "th"}])
        for child in _children(table)
        for row in ([child] if child.tag == "tr" else _children(child) if child.tag in _SECTIONS else ())
        if row.tag == "tr"
    ]


def grid(rows: list[tuple[LexborNode, list[LexborNode]]]) -> list[Row]:
    """The cells in their columns: one that spans rows stands in each, one that spans columns in the first of them.

    None reaches beyond the rows that a head, a body or a foot of the table holds together.
    """
    spanning: dict[int, tuple[int, str]] = {}
    found = []
    group = 0
    for node, cells in rows:
        around = 0 if node.parent is None else node.parent.mem_id
        if around != group:
            spanning.clear()
            group = around
        line: list[str] = []
        for cell in cells:
            if spanning:
                _fill(line, spanning)
            text = words(cell).replace("|", "\\|")
            attributes = cell.attributes
            down = _down(attributes.get("rowspan"), len(text), len(spanning)) if "rowspan" in attributes else 1
            across = max(_span(attributes["colspan"]), 1) if "colspan" in attributes else 1
            if down > 1:
                for column in range(len(line), len(line) + across):
                    spanning[column] = (down - 1, text if column == len(line) else "")
            line.append(text)
            line += [""] * (across - 1)
        if spanning:
            _fill(line, spanning, to_the_end=True)
        if any(line):
            found.append(Row(line, node))
    width = max((_width(row.cells) for row in found), default=0)
    # Short rows are filled up, which Markdown does not ask for, unless a row is so wide that this is most of the text.
    filled = width if width * len(found) <= _MOST_FILLED + 50 * sum(len(row.cells) for row in found) else 1
    fills = [width, *[filled] * len(found)]  # the first row is the header, which says how many columns there are
    return [
        Row((row.cells + [""] * (fill - len(row.cells)))[:width], row.node)
        for row, fill in zip(found, fills, strict=False)
    ]


def _width(cells: list[str]) -> int:
    """How many cells there are up to the last one with words."""
    width = len(cells)
    while width and not cells[width - 1]:
        width -= 1
    return width


def _fill(line: list[str], spanning: dict[int, tuple[int, str]], *, to_the_end: bool = False) -> None:
    """Put in what cells above reach down to, from where the line ends; at a row's end also beyond gaps."""
    while len(line) in spanning or (to_the_end and spanning and len(line) < max(spanning)):
        column = len(line)
        left, text = spanning.pop(column, (0, ""))
        line.append(text)
        if left > 1:
            spanning[column] = (left - 1, text)  # for the rows below


def _down(rowspan: str | None, size: int, beside: int) -> int:
    """The rows that a cell with so many characters says it fills; 0 stands for all that are left.

    More than some hundred only where that makes no long text, as short words in few columns do not.
    """
    most = _MOST_ROWS if size <= _SHORT and beside < _FEW else _MOST_SPAN
    return _span(rowspan, most) or most


def _span(written: str | None, most: int = _MOST_SPAN) -> int:
    return whole(written, 1, least=0, most=most)


def is_layout(table: LexborNode, rows: list[tuple[LexborNode, list[LexborNode]]]) -> bool:
    """Whether a table only sets running text: old pages, and nearly all mail in HTML."""
    if (table.attributes.get("role") or "").lower() in {"presentation", "none"}:
        return True
    if any(child.tag in _DATA for child in _children(table)) or any(
        cell.tag == "th" for _, cells in rows for cell in cells
    ):
        return False
    # Whole sections first, each to its first block: a large table has few of them and many cells.
    if any(child.css_first(_BLOCKS) is not None for child in _children(table)) and any(
        cell.css_first(_BLOCKS) is not None for _, cells in rows for cell in cells
    ):
        return True
    filled = [[text for cell in cells if (text := cell.text(deep=True).strip())] for _, cells in rows]
    filled = [cells for cells in filled if cells]
    if len(filled) <= 1 or max(map(len, filled)) <= 1:
        return True
    lengths = [len(text) for cells in filled for text in cells]
    return sum(lengths) >= _LONG_CELL * len(lengths)


def code_of(rows: list[tuple[LexborNode, list[LexborNode]]]) -> str | None:
    """The listing that a table sets beside its line numbers; `None` for other tables."""
    if any(len(cells) != 2 or not _is_code(cells[1]) for _, cells in rows):
        return None
    lines = []
    for _, (gutter, code) in rows:
        if not _is_gutter(gutter):
            return None
        text = listing(code)
        lines.append(text.strip("\n") if len(rows) == 1 else text.replace("\n", " ").rstrip())
    return "\n".join(lines) if lines else None


def _is_gutter(cell: LexborNode) -> bool:
    """Whether a cell holds line numbers and nothing else: as words, or in an attribute of which a style makes words."""
    text = cell.text(deep=True, separator="\n")
    return bool(_NUMBERS.fullmatch(text)) or (not text.strip() and "data-line-number" in cell.attributes)


def _is_code(cell: LexborNode) -> bool:
    return cell.css_first("pre, code") is not None or bool(_CODE_CELLS.search(cell.attributes.get("class") or ""))


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next
