"""Which rows of a table are its header: below titles, with years or numbers in it. Knows rows of words, no formats."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["HEAD_ROWS", "header_rows", "headers"]

HEAD_ROWS: Final = 30
"""How many first rows that are not blank `header_rows` wants to see."""

_MOST_TITLES: Final = 12
_DATE: Final = re.compile(r"\d{4}-\d\d(?:-\d\d)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|[QqHh]?[1-4][/ -]\d{2,4}")


def headers(rows: Sequence[list[str]], *, ragged: bool = False) -> list[tuple[int, int] | int]:
    """The headers of the tables that follow each other on a sheet, parted by blank rows: first and last row of each.

    A number is the row from which no header holds: below it stand words in one column, as notes do. Where rows are
    `ragged` (as long as they are written), those are shorter than the header.
    """
    found: list[tuple[int, int] | int] = []
    first = header_rows(rows[:HEAD_ROWS])
    if first is None:
        return []
    found.append(first)
    table = _Table(rows, first)
    for start, end in _blocks(rows, first[1] + 1):
        block = rows[start : min(end, start + HEAD_ROWS)]
        width = max(map(_filled, block))
        if width == 1:
            is_row = ragged and len(block[0]) == table.length
            found += [start] if table.width > 1 and not is_row else []
            continue
        own = header_rows(block)
        if own is not None and own[1] + 1 < len(block) and table.ends_at(block, own):
            own = (own[0] + start, own[1] + start)
            found.append(own)
            table = _Table(rows, own)
    return found


class _Table:
    """What a header and the first rows below it say of the columns."""

    def __init__(self, rows: Sequence[list[str]], header: tuple[int, int]) -> None:
        self._header = rows[header[1]]
        self.length = len(self._header)
        self.width = _filled(self._header)
        below = rows[header[1] + 1 : header[1] + 1 + HEAD_ROWS]
        self._numeric = {column for row in below for column, cell in enumerate(row) if cell.strip() and _numeric(cell)}

    def ends_at(self, block: Sequence[list[str]], own: tuple[int, int]) -> bool:
        """Whether a block begins another table: it has the header again, another width, or words over numbers."""
        header = block[own[1]]
        if header == self._header:
            return True
        if _filled(header) == max(map(_filled, block)) and _filled(header) != self.width:
            return True
        words = {column for column, cell in enumerate(header) if cell.strip() and not _numeric(cell)}
        under = {
            column for row in block[own[1] + 1 :] for column, cell in enumerate(row) if cell.strip() and _numeric(cell)
        }
        return bool(words & under & self._numeric)


def _blocks(rows: Sequence[list[str]], start: int) -> Iterator[tuple[int, int]]:
    """Where each stretch of rows that are not blank begins and ends, of those behind the first blank row."""
    begin: int | None = None
    blank = False
    for place in range(start, len(rows)):
        if not any(cell.strip() for cell in rows[place]):
            if begin is not None:
                yield begin, place
            begin, blank = None, True
        elif blank and begin is None:
            begin = place
    if begin is not None:
        yield begin, len(rows)


def _filled(row: list[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def header_rows(rows: Sequence[list[str]]) -> tuple[int, int] | None:
    """The places of the first and the last row of the header among the first rows, blank ones among them.

    They are two where a row names groups of the columns that the row below names. `None` where the first row is data.
    Titles are rows that fill less than the table's width; what stands behind them is a header or data.
    """
    filled = [_filled(row) for row in rows]
    width = max(filled, default=0)
    titles = 0
    for place, (row, count) in enumerate(zip(rows, filled, strict=True)):
        if not count:
            continue
        if _is_group_row(rows, place):
            return place, place + 1
        below = next((rows[after] for after in range(place + 1, len(rows)) if filled[after]), None)
        if (count >= 2 or width == 1 or below is None) and 2 * count >= width and _is_header(row, below):
            return place, place
        if 4 * count >= 3 * width or titles == _MOST_TITLES:
            return None
        titles += 1
    return None


def _is_group_row(rows: Sequence[list[str]], place: int) -> bool:
    """Whether a row has gaps that the words of the next one fill, none twice in a group, and data stands below both."""
    if place + 2 >= len(rows):
        return False
    above, names, data = ([cell.strip() for cell in row] or [""] for row in rows[place : place + 3])
    if sum(map(bool, above)) < 2 and (not any(above) or above[0]):
        return False  # a title
    gaps = group = 0
    named: set[tuple[int, str]] = set()
    for column, name in enumerate(names):
        here = above[column] if column < len(above) else ""
        group = column if here else group
        if not name:
            continue
        if (group, name) in named:
            return False
        gaps += not here and any(above[:column])
        named.add((group, name))
    last = max(column for column, cell in enumerate(above) if cell)
    inner = any(not above[column] and names[column] for column in range(min(last, len(names))))
    if not inner and above[0] and names[0] not in {"", above[0]}:
        return False  # a line of a form above the header
    numbers = [name for _, name in named if _numeric(name)]
    if len(named) < 2 or not gaps or (numbers and not all(map(_names_time, numbers))):
        return False
    under = [data[column] for column, name in enumerate(names) if name and column < len(data) and data[column]]
    return any(_numeric(cell) for cell in under) and len(data) >= len(above) - 1 and under != names


def _names_time(cell: str) -> bool:
    """Whether a number is a year or a date, as columns are called."""
    return bool(_DATE.fullmatch(cell)) or (cell.isascii() and cell.isdigit() and _are_years([int(cell[:9])]))


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
