"""Columns of running text that were written row by row, or the right one first, each read down to its end. Pure.

Two columns stand apart in nearly every row and both hold sentences; a table's cells are short, or of unequal heights.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby, pairwise
from operator import itemgetter
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.pages.page import Box, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.load.pages.page import Page

__all__ = ["part_columns"]

_FEWEST: Final = 6
"""Lines that a column has at least."""

_WORDS: Final = 4
"""Words that its lines have, most of them."""

_SAME_EDGE: Final = 3.0
_EDGES: Final = 4
"""Places where pieces begin that are looked at."""

_COUNT: Final = itemgetter(0)
_DEEPEST: Final = 4
_ROOM: Final = 1.4
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff]")  # Hebrew, Arabic, Syriac: their first column is the right one


class _Run(NamedTuple):
    """The characters of a line from one place to another, and the box around them."""

    start: int
    end: int
    box: Box


def part_columns(page: Page) -> bool:
    """Put the lines of the page in order; whether there was anything to do."""
    if len(page.lines) < _FEWEST or not _stand_apart(page.lines):
        return False
    runs = [_runs(line) if line[3] and line[5] else [] for line in page.lines]
    boxes: list[Box] = []
    for line, parts in zip(page.lines, runs, strict=True):
        if parts:
            boxes += [box for _, _, box in parts]
        else:
            boxes.append(line[1])
    if next(_edges(boxes), None) is None:
        return False  # nearly all
    pieces = [
        piece
        for line, parts in zip(page.lines, runs, strict=True)
        for piece in (_pieces(line, parts) if parts else [line])
    ]
    parted = _parted(pieces, _DEEPEST)
    if parted is None:
        return False
    page.lines = parted
    return True


def _stand_apart(lines: list[Line]) -> bool:
    """Whether something stands beside something else, in a line or a line left of the one before."""
    before = lines[0].box[0]
    for line in lines:
        box = line.box
        if line.gap or before > box[2]:
            return True
        before = box[0]
    return False


def _runs(line: Line) -> list[_Run]:
    """What stands between the gaps of a line: no more than a few blanks is none. Some lines run from right to left."""
    runs = []
    first, _, left, bottom, right, top = line.words[0]
    last, west, low, east, high = 0, left, bottom, right, top
    for start, end, x0, y0, x1, y1 in line.words:
        height = high - low
        step, back = x0 - east, west - x1
        apart = step if step > back else back  # noqa: FURB136 - half the time
        if last and not (-height <= apart <= height and -height / 2 <= y0 - low <= height / 2):
            runs.append(_Run(first, last, Box(left, bottom, right, top)))
            first, left, bottom, right, top = start, x0, y0, x1, y1
        else:
            left, bottom = x0 if x0 < left else left, y0 if y0 < bottom else bottom  # noqa: FURB136
            right, top = x1 if x1 > right else right, y1 if y1 > top else top  # noqa: FURB136
        last, west, low, east, high = end, x0, y0, x1, y1
    return [*runs, _Run(first, last, Box(left, bottom, right, top))]


def _pieces(line: Line, runs: list[_Run]) -> list[Line]:
    """These parts of a line as lines."""
    return [
        Line(line.text[start:end], box, line.first, hyphen=line.hyphen and place == len(runs))
        for place, (start, end, box) in enumerate(runs, start=1)
    ]


def _parted(pieces: list[Line], deep: int) -> list[Line] | None:
    """The pieces column by column between the lines that go across; None where there are no such columns."""
    boxes = [piece.box for piece in pieces]
    for start in _edges(boxes) if deep else ():
        sides = [-1 if box[2] < start else 1 if box[0] >= start else 0 for box in boxes]
        if not _are_out_of_order(pieces, sides):
            continue
        before = [piece for piece, side in zip(pieces, sides, strict=True) if side < 0]
        behind = [piece for piece, side in zip(pieces, sides, strict=True) if side > 0]
        if _are_columns(before, behind):
            return _in_order(pieces, sides, deep - 1)
    return None


def _edges(boxes: list[Box]) -> Iterator[float]:
    """Left of where most pieces begin, those first where more do, with enough of them wholly before and behind."""
    edges = Counter([round(box[0] / _SAME_EDGE) for box in boxes])
    common = [(count, edge) for edge, count in edges.items() if count >= _FEWEST]
    common.sort(key=_COUNT, reverse=True)
    for _, edge in common[:_EDGES]:
        start = edge * _SAME_EDGE - 2 * _SAME_EDGE
        if sum([box[2] < start for box in boxes]) >= _FEWEST and sum([box[0] >= start for box in boxes]) >= _FEWEST:
            yield start


def _are_out_of_order(pieces: list[Line], sides: list[int]) -> bool:
    if _alternate(sides):
        return True
    return _are_backwards(sides) and not any(_RIGHT_TO_LEFT.search(piece.text) for piece in pieces)


def _are_backwards(sides: list[int]) -> bool:
    """Whether all of the right side is written before the left, between lines that go across."""
    runs = [list(run) for across, run in groupby(sides, key=lambda side: side == 0) if not across]
    return any(run[0] != run[-1] for run in runs) and all(run == sorted(run, reverse=True) for run in runs)


def _alternate(sides: list[int]) -> bool:
    """Whether one writes here and there by turns, not one side after the other."""
    there = [side for side in sides if side]
    turns = sum(a != b for a, b in pairwise(there))
    return turns >= _FEWEST and turns >= 0.5 * min(there.count(-1), there.count(1))


def _are_columns(left: list[Line], right: list[Line]) -> bool:
    """Sentences on both sides, of about one width, down to about one end, without rows that stand apart on both."""
    for side in (left, right):
        if median(len(piece.text.split()) for piece in side) < _WORDS:
            return False
        widths = sorted(piece.box.right - piece.box.left for piece in side)
        if widths[len(widths) // 2] < 0.6 * widths[len(widths) * 9 // 10]:
            return False
    wide = [median(piece.box.right - piece.box.left for piece in side) for side in (left, right)]
    tall = [max(piece.box.top for piece in side) - min(piece.box.bottom for piece in side) for side in (left, right)]
    if max(wide) > 4 * min(wide) or min(tall) < 0.5 * max(tall):
        return False
    return not _are_rows(left, right)


def _are_rows(left: list[Line], right: list[Line]) -> bool:
    """Whether both sides have room above the same lines again and again, as rows of long cells have."""
    tops = [_apart(side) for side in (left, right)]
    shared = sum(any(abs(top - other) < 2 * _SAME_EDGE for other in tops[1]) for top in tops[0])
    return shared >= 3 and shared >= 0.5 * max(map(len, tops))


def _apart(side: list[Line]) -> list[float]:
    """Where lines begin that have more room above than most have."""
    middles = sorted((piece.box.middle for piece in side), reverse=True)
    steps = [(lower, upper - lower) for upper, lower in pairwise(middles) if upper - lower > _SAME_EDGE]
    usual = median([step for _, step in steps] or [0])
    return [lower for lower, step in steps if step > _ROOM * usual]


def _in_order(pieces: list[Line], sides: list[int], deep: int) -> list[Line]:
    ordered: list[Line] = []
    columns: dict[int, list[Line]] = {-1: [], 1: []}
    for piece, side in [*zip(pieces, sides, strict=True), (None, 0)]:
        if side and piece is not None:
            columns[side].append(piece)
            continue
        for column in columns.values():
            ordered += _parted(column, deep) or column
            column.clear()
        if piece is not None:
            ordered.append(piece)
    return ordered
