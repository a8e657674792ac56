"""Which row of a table is its header: below titles, with years or numbers in it. Knows rows of words, no formats."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEAD_ROWS", "header_row"]

HEAD_ROWS: Final = 30
"""How many first rows that are not blank `header_row` wants to see."""

_MOST_TITLES: Final = 12
_DATE: Final = re.compile(r"\d{4}-\d\d(?:-\d\d)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|[QqHh]?[1-4][/ -]\d{2,4}")


def header_row(rows: Sequence[list[str]]) -> int | None:
    """The place of the header among the first rows, blank ones among them; `None` where the first row is data.

    Titles are rows that fill less than the table's width; what stands behind them is a header or data.
    """
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    width = max(filled, default=0)
    titles = 0
    for place, (row, count) in enumerate(zip(rows, filled, strict=True)):
        if not count:
            continue
        below = next((rows[after] for after in range(place + 1, len(rows)) if filled[after]), None)
        if (count >= 2 or width == 1 or below is None) and 2 * count >= width and _is_header(row, below):
            return place
        if 4 * count >= 3 * width or titles == _MOST_TITLES:
            return None
        titles += 1
    return None


def _is_header(row: list[str], below: list[str] | None) -> bool:
    """Words, none twice; or beside words years, dates or numbers that go up one by one, other than in the row below."""
    cells = [cell.strip() for cell in row]
    numbers = [cell for cell in cells if cell and _numeric(cell)]
    filled = [cell for cell in cells if cell]
    if not filled or len(set(filled)) != len(filled):
        return False
    if not numbers:
        return True
    words = len(filled) - len(numbers)
    if below is None or (cells[0] and _numeric(cells[0])) or (not words and cells[0]):
        return False
    under = [cell.strip() for cell in below]
    return _is_scale(numbers) and not _is_scale([cell for cell in under if cell and _numeric(cell)], like=numbers)


def _is_scale(numbers: list[str], like: list[str] | None = None) -> bool:
    """Whether these name columns: dates, or two years or three whole numbers and more that follow each other."""
    if like is not None and len(like) != len(numbers):
        return False
    if len(numbers) >= 2 and all(map(_DATE.fullmatch, numbers)):
        return True
    if not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in numbers):
        return False
    values = [int(cell) for cell in numbers]
    if like is not None and _are_years(list(map(int, filter(str.isdigit, like)))) != _are_years(values):
        return False
    steps = {after - before for before, after in pairwise(values)}
    return (len(values) >= (2 if _are_years(values) else 3) and steps in ({1}, {-1})) or (
        _are_years(values) and len(values) >= 3 and len(steps) == 1 and 0 not in steps
    )


def _are_years(values: list[int]) -> bool:
    return bool(values) and all(1900 <= value <= 2100 for value in values)


def _numeric(cell: str) -> bool:
    return not any(character.isalpha() or character == "_" for character in cell)
