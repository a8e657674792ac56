"""Ruled tables: the words between the lines, a row a line. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import pairwise
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.pages.bidi import runs_rtl
from embedingest.ingest.load.pages.page import Box, Line, Word
from embedingest.ingest.load.pages.unruled import Said, cell_lines, with_all_rows

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.page import Grid, Page

__all__ = ["set_tables"]

_UNSPACED: Final = re.compile("[\u3000-\u9fff\uff00-\uffef]")  # Chinese and Japanese
_new: Final = tuple.__new__
_LEFT: Final = itemgetter(1)
_LEFT_SIDE: Final = attrgetter("left")
_BLANK: Final = 0.45
"""How wide a blank is at most, in heights of a line."""

_GOES_ON: Final = re.compile(r"\w-\Z")
_FILLED: Final = 0.4
_PARTED: Final = "\x02"
_Cells = dict[tuple[int, int], list[Said]]


def set_tables(page: Page) -> int:
    """Put each ruled table of the page in place of its lines, a row a line; how many there are."""
    done = 0
    for grid in page.grids:
        places = grid.meeting(page.lines)
        cells, kept = _shared(page, places, grid)
        if any(_runs_into(page.lines[place], grid) for place in kept):
            continue  # boxes of a form, say, among words
        finer = with_all_rows(grid, cells)
        if finer is not grid:
            cells, kept = _shared(page, places, finer)
        rows = _rows(finer, cells)
        if rows is None:
            continue
        done += 1
        first, own = places[0], set(places).difference(kept)
        lines = [kept.get(place, line) for place, line in enumerate(page.lines) if place not in own]
        at = first + (first in kept)
        page.lines = [*lines[:at], *_lines(rows, grid), *lines[at:]]
    return done


def _shared(page: Page, places: list[int], grid: Grid) -> tuple[_Cells, dict[int, Line]]:
    """The words of each cell, and what of the lines at these places lies outside."""
    cells: _Cells = {}
    below = [-y for y in grid.rows]
    outside = ((place, _share(page.lines[place], grid, below, cells)) for place in places)
    return cells, {place: line for place, line in outside if line is not None}


def _runs_into(line: Line, grid: Grid) -> bool:
    """Whether a line goes on from outside into the grid, or out of it, with no more than a blank between."""
    first, last = grid.columns[0], grid.columns[-1]
    near = _BLANK * (line.box.top - line.box.bottom)
    words = sorted(line.words, key=_LEFT_SIDE)
    inside = [first < (word.left + word.right) / 2 < last for word in words]
    return any(
        one != other and 0 <= after.left - before.right < near
        for (before, after), (one, other) in zip(pairwise(words), pairwise(inside), strict=True)
    )


def _share(line: Line, grid: Grid, below: list[float], cells: _Cells) -> Line | None:
    """Give the line's words to the cells; what of it lies outside. `below`: how deep the rows are parted."""
    box = line.box
    whole = line.text
    words = line.words or [_whole(line)]  # filled fields were written into it
    outside = []
    columns, across, down = grid.columns, len(grid.columns) - 1, len(grid.rows) - 1
    last = words[-1] if line.hyphen else None
    for word in words:
        start, end, left, bottom, right, top = word
        column = bisect_right(columns, (left + right) / 2) - 1
        row = bisect_left(below, -(bottom + top) / 2) - 1
        if 0 <= column < across and 0 <= row < down:
            text = whole[start:end] + _PARTED if word is last else whole[start:end]
            said = _new(Said, (bottom, left, right, text))
            if (row, column) in cells:
                cells[row, column].append(said)
            else:
                cells[row, column] = [said]
        else:
            outside.append(whole[start:end])
    return Line(" ".join(outside), box, line.first) if outside else None


def _whole(line: Line) -> Word:
    return Word(0, len(line.text), line.box.left, line.box.bottom, line.box.right, line.box.top)


def _rows(grid: Grid, cells: _Cells) -> list[list[str]] | None:
    """The text of each cell; None where few are filled (a picture), or one box stands above others."""
    across, down = len(grid.columns) - 1, len(grid.rows) - 1
    upright, lying = grid.upright(), grid.lying()
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for row in range(down):
        for column in range(across):
            own = (row, column)
            if column and not upright[row][column]:
                own = owner[row, column - 1]
            elif row and not lying[row][column]:
                own = owner[row - 1, column]
            owner[row, column] = own
    merged: _Cells = {}
    for place, said in cells.items():
        merged.setdefault(owner[place], []).extend(said)
    owners = set(owner.values())
    if down == 2 and len({owner[0, column] for column in range(across)}) == 1:
        return None
    columns = {column for _, column in merged}
    if len(columns) < 2 or len({row for row, _ in merged}) < 2 or len(merged) < _FILLED * len(owners):
        return None
    rows = [[_text(merged.get((row, column), [])) for column in range(across)] for row in range(down)]
    used = [column for column in range(across) if any(row[column] for row in rows)]
    return [[row[column] for column in used] for row in rows if any(row)]


def _text(said: list[Said]) -> str:
    """Words of a cell, line by line."""
    if not said:
        return ""  # a third of all
    text = ""
    for line in cell_lines(said):
        following = " ".join([word[3] for word in line])
        if len(line) > 1 and not runs_rtl(following):
            line.sort(key=_LEFT)
            following = " ".join([word[3] for word in line])
        unspaced = _UNSPACED.match(text[-1:]) and _UNSPACED.match(following)
        goes_on = text[-1:] == "-" and _GOES_ON.search(text) and following[:1].isalnum()
        blank = "" if not text or unspaced or goes_on else " "
        text += blank + following
    if _PARTED in text:
        text = text.replace(f"{_PARTED} ", "").replace(_PARTED, "-")
    return text.replace("|", "\\|")


def _lines(rows: list[list[str]], grid: Grid) -> list[Line]:
    """Rows as Markdown writes them, set apart from what stands around."""
    box = Box(grid.columns[0], grid.rows[-1], grid.columns[-1], grid.rows[0])
    written = [f"| {' | '.join(row)} |" for row in rows]
    written.insert(1, "|" + " --- |" * len(rows[0]))
    written[0] = "\n" + written[0]
    written[-1] += "\n"
    return [Line(text, box) for text in written]
