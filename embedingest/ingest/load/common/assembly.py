"""Parts put together to one text with spans over them. Knows no formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MOST_SPAN", "Assembly", "Cell", "grid", "heading", "pipe_table"]

MOST_SPAN: Final = 100
"""Columns and rows that one cell may fill."""

_REPEATED: Final = 1000
_FILLED_UP: Final = 100


class Assembly:
    """A text under construction: blocks stand one blank line apart."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self.spans: list[Span] = []

    def add(self, block: str) -> tuple[int, int]:
        """Append a block without the blanks around it; where it lies. A blank one is left out."""
        block = block.strip("\n").rstrip()
        if not block:
            return self._length, self._length
        if self._blocks:
            self._length += 2
        start = self._length
        self._blocks.append(block)
        self._length += len(block)
        return start, self._length

    def span(self, start: int, kind: str, value: str | int) -> None:
        """Mark everything from `start` to what was added last. An empty stretch is not marked."""
        if self._length > start:
            self.spans.append(Span(start, self._length, kind, value))

    @property
    def next(self) -> int:
        """Where the next block will begin."""
        return self._length + 2 if self._blocks else 0

    @property
    def text(self) -> str:
        return "\n\n".join(self._blocks) + ("\n" if self._blocks else "")


def heading(level: int, words: str) -> str:
    """A heading of Markdown, at most of the sixth level; number signs at its end would be taken for its own."""
    words = " ".join(words.split())
    bare = words.rstrip("#")
    if bare != words and (not bare or bare.endswith(" ")):
        words = f"{bare}\\{words[len(bare) :]}"
    return f"{'#' * min(max(level, 1), 6)} {words}" if words else ""


def pipe_table(rows: Iterable[Iterable[str]]) -> str:
    """Rows of cells as a Markdown table, the first row its header; empty rows left out.

    Short rows are filled up in a table of up to a hundred columns, and always the header.
    """
    cells = [[" ".join(cell.replace("|", "\\|").split()) for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    width = max(map(len, cells), default=0)
    if width == 0:
        return ""
    cells[0] += [""] * (width - len(cells[0]))
    filled = min(width, _FILLED_UP)
    lines = ["| " + " | ".join(row + [""] * (filled - len(row))) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


class Cell(NamedTuple):
    """A cell of a table as it is written: its words, how many columns and rows it fills, what it leaves to others."""

    text: str
    across: int = 1
    down: int = 1
    covered: bool = False
    """Filled by a cell above it or before it."""


def grid(rows: Iterable[Iterable[Cell]]) -> Iterator[list[str]]:
    """The words in their columns: a cell that fills rows stands in each, one that fills columns in the first of them.

    Only short words are written again, and only some hundred times.
    """
    above: dict[int, tuple[int, str]] = {}
    for row in rows:
        line: list[str] = []
        for cell in row:
            column = len(line)
            left, text = above.pop(column, (0, ""))
            if cell.covered:
                line += [text or cell.text] + [""] * (min(max(cell.across, 1), MOST_SPAN) - 1)
                if left > 1:
                    above[column] = (left - 1, text)
                continue
            line += [cell.text] + [""] * (min(max(cell.across, 1), MOST_SPAN) - 1)
            if cell.down > 1 and len(cell.text) <= _REPEATED:
                above[column] = (min(cell.down, MOST_SPAN) - 1, cell.text)
        yield line
