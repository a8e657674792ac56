"""Rows of a ruled table between which no line was drawn: often only the header has one below it. Pure.

What stands between two ruled lines is several rows where each of its lines has a word in the first column and a number
in another, or, where the header is the only other row, words in all columns that nothing made go on in a new line.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.pages.page import Box

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.page import Grid

__all__ = ["Said", "cell_lines", "with_all_rows"]

_BOTTOM: Final = itemgetter(0)
_SAME_LINE: Final = 4.0
_BLANK: Final = 4.0
_NUMBER: Final = re.compile(r"[^\w\s]{0,2}\d[\d.,:/\-–]*(?: ?[%°€$£]| [A-Za-z]{1,3})?")


class Said(NamedTuple):
    """A word of a cell."""

    bottom: float
    left: float
    right: float
    text: str


def cell_lines(said: list[Said]) -> list[list[Said]]:
    """The words of a cell line by line, from above."""
    if len(said) < 2:
        return [list(said)] if said else []
    lines: list[list[Said]] = []
    first = math.inf
    for word in sorted(said, key=_BOTTOM, reverse=True):
        if first - word[0] < _SAME_LINE:
            lines[-1].append(word)
        else:
            lines.append([word])
            first = word[0]
    return lines


def with_all_rows(grid: Grid, cells: dict[tuple[int, int], list[Said]]) -> Grid:
    """The grid with a line between rows that are told apart by their words alone; itself where there are none."""
    across, down = len(grid.columns) - 1, len(grid.rows) - 1
    cuts: list[float] = []
    for row in range(1, down):
        if len(cell_lines(cells.get((row, 0), []))) < 2:
            continue  # nearly all
        columns = {column: cell_lines(cells[row, column]) for column in range(across) if (row, column) in cells}
        if _are_rows(columns, grid, only=down == 2 and all((0, column) in cells for column in columns)):
            # between the feet of a line and of the next, nearer to the upper one: letters stand on their feet
            cuts += [max(word.bottom for word in above) - 1 for above in columns[0][:-1]]
    if not cuts:
        return grid
    rules = [Box(grid.columns[0], y, grid.columns[-1], y) for y in cuts]
    return grid._replace(rows=sorted([*grid.rows, *cuts], reverse=True), rules=[*grid.rules, *rules])


def _are_rows(columns: dict[int, list[list[Said]]], grid: Grid, *, only: bool) -> bool:
    """Whether the lines of these cells are rows; `only`: there are no others below the header."""
    first = columns.get(0, [])
    full = {column: lines for column, lines in columns.items() if _beside(lines, first)}
    if len(first) < 2 or len(full) < 2:
        return False
    if any(column and all(map(_is_number, lines)) for column, lines in full.items()):
        return True
    everywhere = len(full) == len(grid.columns) - 1
    return only and everywhere and all(_has_room(lines, grid.columns[column + 1]) for column, lines in full.items())


def _beside(lines: list[list[Said]], first: list[list[Said]]) -> bool:
    """Whether each line stands beside one of the first column."""
    return len(lines) == len(first) and all(
        abs(line[0].bottom - other[0].bottom) < _SAME_LINE for line, other in zip(lines, first, strict=True)
    )


def _is_number(line: list[Said]) -> bool:
    return _NUMBER.fullmatch(" ".join(word.text for word in sorted(line, key=lambda word: word.left))) is not None


def _has_room(lines: list[list[Said]], end: float) -> bool:
    """Whether the first word of each line would have had room behind the line before."""
    for line, following in pairwise(lines):
        word = min(following, key=lambda word: word.left)
        if max(other.right for other in line) + _BLANK + word.right - word.left > end - _BLANK:
            return False
    return True
