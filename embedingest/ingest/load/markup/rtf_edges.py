"""Where the cells of a row of rich text end, and in which columns of the table they stand. Writes nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.common.assembly import MOST_SPAN, Cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Edges", "Row", "in_columns"]

_NEAR: Final = 60  # twips, a millimetre: edges of one column


class Row(NamedTuple):
    """Words of cells, where each ends (in twips, none where that is not said), which begin or go on downwards."""

    words: list[str]
    ends: tuple[int, ...]
    merged: tuple[str, ...]


class Edges:
    """What the row under way says of its cells; what a row does not say, the one before it said."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._merged: list[str] = []
        self._merge = ""

    def begin(self) -> None:
        """The next row is described."""
        self._ends, self._merged, self._merge = [], [], ""

    def take(self, word: str, number: int) -> None:
        """`cellx` ends the description of a cell; the others say how it is merged."""
        if word != "cellx":
            self._merge = word
            return
        self._ends.append(number)
        self._merged.append(self._merge)
        self._merge = ""

    def row(self, words: list[str]) -> Row:
        """The row of these cells. What is said of another number of cells is not said of these."""
        if len(words) != len(self._ends) or any(left >= right for left, right in pairwise(self._ends)):
            return Row(words, (), ())
        return Row(words, tuple(self._ends), tuple(self._merged))


def in_columns(rows: Sequence[Row]) -> Iterator[list[Cell]]:
    """The cells with the columns that they fill, by the edges of all rows."""
    columns: dict[int, int] = {}
    count, last = 0, -(2**31)
    for end in sorted({end for row in rows for end in row.ends}):
        count += end - last > _NEAR
        last = end
        columns[end] = count
    for row in rows:
        cells: list[Cell] = []
        before = 0
        for place, words in enumerate(row.words):
            column = columns[row.ends[place]] if row.ends and count <= MOST_SPAN else before + 1
            merged = row.merged[place] if row.merged else ""
            cells.append(Cell(words, max(column - before, 1), MOST_SPAN if merged else 1, covered=merged == "clvmrg"))
            before = column
        yield cells
