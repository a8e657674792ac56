"""Columns of running text that were written row by row, or the right one first, each read down to its end. Pure.

Two columns stand apart in nearly every row and both hold sentences; a table's cells are short, or of unequal heights.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from operator import itemgetter
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.pages.page import Box, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.load.pages.page import Page

__all__ = ["part_columns"]

_new: Final = tuple.__new__
"""Makes a named tuple, in half the time that calling it takes."""

_FEWEST: Final = 6
"""Lines that a column has at least."""

_WORDS: Final = 4
"""Words that its lines have, most of them."""

_SAME_EDGE: Final = 3.0
_EDGES: Final = 4
"""Places where pieces begin that are looked at."""

_ACROSS, _BEFORE, _BEHIND = 0, 1, 2
"""On which side of a place a piece stands, a byte a piece."""

_FORWARDS: Final = bytes([_BEFORE, _BEHIND])
_BACKWARDS: Final = bytes([_BEHIND, _BEFORE])
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
    if not any(map(_are_out_of_order, _sides(boxes))):
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
    for _, (left, _, right, _), _, gap, *_ in lines:
        if gap or before > right:
            return True
        before = left
    return False


def _runs(line: Line) -> list[_Run]:
    """What stands between the gaps of a line: no more than a few blanks is none. Some lines run from right to left."""
    runs: list[_Run] = []
    first, _, left, bottom, right, top = line.words[0]
    last, west, low, east, high = 0, left, bottom, right, top
    for start, end, x0, y0, x1, y1 in line.words:
        height = high - low
        step, back = x0 - east, west - x1
        apart = step if step > back else back  # noqa: FURB136 - half the time
        if last and not (-height <= apart <= height and -height / 2 <= y0 - low <= height / 2):
            runs.append(_new(_Run, (first, last, _new(Box, (left, bottom, right, top)))))
            first, left, bottom, right, top = start, x0, y0, x1, y1
        else:
            left, bottom = x0 if x0 < left else left, y0 if y0 < bottom else bottom  # noqa: FURB136
            right, top = x1 if x1 > right else right, y1 if y1 > top else top  # noqa: FURB136
        last, west, low, east, high = end, x0, y0, x1, y1
    return [*runs, _Run(first, last, Box(left, bottom, right, top))]


def _pieces(line: Line, runs: list[_Run]) -> list[Line]:
    """These parts of a line as lines."""
    text, _, number, _, hyphen, *_ = line
    last = len(runs)
    return [
        _new(Line, (text[start:end], box, number, False, hyphen and place == last, (), 0))
        for place, (start, end, box) in enumerate(runs, start=1)
    ]


def _parted(pieces: list[Line], deep: int) -> list[Line] | None:
    """The pieces column by column between the lines that go across; None where there are no such columns."""
    for sides in _sides([piece.box for piece in pieces]) if deep else ():
        if not _are_out_of_order(sides):
            continue
        if not _alternate(sides) and any(_RIGHT_TO_LEFT.search(piece.text) for piece in pieces):
            continue
        before = [piece for piece, side in zip(pieces, sides, strict=True) if side == _BEFORE]
        behind = [piece for piece, side in zip(pieces, sides, strict=True) if side == _BEHIND]
        if _are_columns(before, behind):
            return _in_order(pieces, sides, deep - 1)
    return None


def _sides(boxes: list[Box]) -> Iterator[bytes]:
    """On which side of a place each piece stands, for places where most begin, those first where more do.

    Only where enough of them stand wholly before and behind.
    """
    edges = Counter([round(box[0] / _SAME_EDGE) for box in boxes])
    common = [(count, edge) for edge, count in edges.items() if count >= _FEWEST]
    common.sort(key=_COUNT, reverse=True)
    for _, edge in common[:_EDGES]:
        start = edge * _SAME_EDGE - 2 * _SAME_EDGE
        sides = bytes([_BEFORE if box[2] < start else _BEHIND if box[0] >= start else _ACROSS for box in boxes])
        if sides.count(_BEFORE) >= _FEWEST and sides.count(_BEHIND) >= _FEWEST:
            yield sides


def _are_out_of_order(sides: bytes) -> bool:
    return _alternate(sides) or _are_backwards(sides)


def _are_backwards(sides: bytes) -> bool:
    """Whether all of the right side is written before the left, between lines that go across."""
    return _FORWARDS not in sides and _BACKWARDS in sides


def _alternate(sides: bytes) -> bool:
    """Whether one writes here and there by turns, not one side after the other."""
    there = sides.replace(bytes([_ACROSS]), b"")
    turns = there.count(_FORWARDS) + there.count(_BACKWARDS)
    return turns >= _FEWEST and turns >= 0.5 * min(there.count(_BEFORE), there.count(_BEHIND))


def _are_columns(left: list[Line], right: list[Line]) -> bool:
    """Sentences on both sides, of about one width, down to about one end, without rows that stand apart on both."""
    widths = [sorted([box[2] - box[0] for _, box, *_ in side]) for side in (left, right)]
    if any(each[len(each) // 2] < 0.6 * each[len(each) * 9 // 10] for each in widths):
        return False
    wide = [median(each) for each in widths]
    tall = [max([box[3] for _, box, *_ in side]) - min([box[1] for _, box, *_ in side]) for side in (left, right)]
    if max(wide) > 4 * min(wide) or min(tall) < 0.5 * max(tall):
        return False
    if any(median([len(text.split()) for text, *_ in side]) < _WORDS for side in (left, right)):
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


def _in_order(pieces: list[Line], sides: bytes, deep: int) -> list[Line]:
    ordered: list[Line] = []
    columns: dict[int, list[Line]] = {_BEFORE: [], _BEHIND: []}
    for piece, side in [*zip(pieces, sides, strict=True), (None, _ACROSS)]:
        if side != _ACROSS and piece is not None:
            columns[side].append(piece)
            continue
        for column in columns.values():
            ordered += _parted(column, deep) or column
            column.clear()
        if piece is not None:
            ordered.append(piece)
    return ordered
