"""The ruled lines of a page, out of PDFium, and the grids that they make. Knows no words."""

from __future__ import annotations

import ctypes
import math
from itertools import compress, repeat
from operator import not_
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.pages.calls import calls, object_boxes, points
from embedingest.ingest.load.pages.page import NEAR, Box, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.load.pages.calls import Calls
    from embedingest.ingest.load.pages.opened import Opened

__all__ = ["grids"]

_new: Final = tuple.__new__
"""Makes a named tuple, in half the time that calling it takes."""

_MOST_OBJECTS: Final = 50_000
_MOST_STROKES: Final = 10_000
_MOST_RULES: Final = 300
"""A page with more ruled lines than this, or more strokes of which they are made, is a drawing."""

_MEETING: Final = NEAR + 1.0
"""How near to one another lines are that meet, where each may go on for a point as another."""

_MOST_PAIRS: Final = 20_000
"""So many pairs of lines are looked at."""

_MOST_CELLS: Final = 4000
_THIN: Final = 3.0


def grids(raw: Any, page: Opened) -> list[Grid]:
    """The grids of at least two columns and rows."""
    rules = []
    for rule in _rules(raw, page.whole):
        rules.append(rule if page.turn is None else page.turn(rule))
        if len(rules) > _MOST_STROKES:
            return []
    upright, lying = _directions(rules)
    if not _cross(upright, lying) or not _may_part(upright, lying):
        return []
    whole = [*_going_on(lying, 0), *_going_on(upright, 1)]
    if len(whole) > _MOST_RULES:
        return []
    found = (_grid(group) for group in _groups(whole))
    return [grid for grid in found if grid is not None]


def _cross(upright: list[Box], lying: list[Box]) -> bool:
    """Whether an upright line may meet one that lies; underlined words, and bars, do not."""
    if len(upright) * len(lying) > _MOST_PAIRS:
        return True
    for x0, y0, x1, y1 in upright:
        left, bottom, right, top = x0 - _MEETING, y0 - _MEETING, x1 + _MEETING, y1 + _MEETING
        if any(rule[0] <= right and left <= rule[2] and rule[1] <= top and bottom <= rule[3] for rule in lying):
            return True
    return False


def _may_part(upright: list[Box], lying: list[Box]) -> bool:
    """Whether all rules of a page together part columns and rows; most pages have a line or two, or boxes."""
    if not upright or not lying:
        return False
    columns = [(left + right) / 2 for left, _, right, _ in upright]
    if not _are_three([*columns, *[rule[0] for rule in lying], *[rule[2] for rule in lying]]):
        return False
    rows = [(bottom + top) / 2 for _, bottom, _, top in lying]
    return _are_three([*rows, *[rule[1] for rule in upright], *[rule[3] for rule in upright]])


def _directions(rules: list[Box]) -> tuple[list[Box], list[Box]]:
    """The lines that stand upright, and those that lie."""
    upright = [rule for rule in rules if rule[3] - rule[1] > rule[2] - rule[0]]
    lying = [rule for rule in rules if rule[3] - rule[1] <= rule[2] - rule[0]]
    return upright, lying


def _going_on(strokes: list[Box], side: int) -> list[Box]:
    """The strokes of one direction, those as one that go on from one another, as those of cells do.

    `side` says where one begins: 0 at the left of those that lie, 1 at the bottom of those that stand upright.
    """
    low, end, high = 1 - side, side + 2, 3 - side
    placed = [((stroke[low] + stroke[high]) / 2, stroke) for stroke in strokes]
    placed.sort(key=lambda both: (round(both[0]), both[1][side]))
    rules: list[Box] = []
    place = reach = -math.inf
    for middle, stroke in placed:
        if not (-1 < middle - place < 1 and stroke[side] <= reach + 1):
            rules.append(stroke)
            place, reach = middle, stroke[end]
        elif stroke[end] > reach:
            reach = stroke[end]
            left, bottom, right, top = rules[-1]
            rules[-1] = _new(Box, (left, bottom, right, reach) if side else (left, bottom, reach, top))
    return rules


def _rules(raw: Any, whole: Any) -> Iterator[Box]:
    bare = calls(raw)
    count = bare.count_drawn(whole)
    if count > _MOST_OBJECTS:
        return
    objects = list(map(bare.drawn, repeat(whole), range(count)))
    counts = list(map(bare.segments, objects))  # -1 is that of all else than paths
    if counts.count(-1) == count:
        return
    paths = [(drawn, segments) for drawn, segments in zip(objects, counts, strict=True) if segments >= 0]
    strokes = _Strokes(raw, bare)
    for (drawn, segments), (left, bottom, right, top) in object_boxes(bare, paths):
        if right - left <= _THIN or top - bottom <= _THIN:
            yield _new(Box, (left, bottom, right, top))
        elif segments in {4, 5}:  # a box
            yield _new(Box, (left, bottom, right, bottom))
            yield _new(Box, (left, top, right, top))
            yield _new(Box, (left, bottom, left, top))
            yield _new(Box, (right, bottom, right, top))
        elif segments <= _MOST_STROKES:
            yield from strokes.of(drawn, segments)


class _Strokes:
    """The straight lines of paths. What PDFium writes into is made once for all paths of a page."""

    def __init__(self, raw: Any, bare: Calls) -> None:
        self._calls = bare
        self._matrix = (ctypes.c_float * 6)()
        self._room = ctypes.byref(self._matrix)
        self._line = raw.FPDF_SEGMENT_LINETO

    def of(self, drawn: Any, count: int) -> list[Box]:
        """Those of one path."""
        if not self._calls.matrix(drawn, self._room):
            return []
        a, b, c, d, e, f = self._matrix
        segments, ends = points(self._calls, drawn, count)
        found = []
        last_x = last_y = math.inf
        for segment, (x, y) in zip(segments, ends, strict=True):
            here_x, here_y = a * x + c * y + e, b * x + d * y + f
            if (-_THIN <= here_x - last_x <= _THIN or -_THIN <= here_y - last_y <= _THIN) and self._calls.segment_kind(
                segment
            ) == self._line:
                left, right = (here_x, last_x) if here_x < last_x else (last_x, here_x)
                bottom, top = (here_y, last_y) if here_y < last_y else (last_y, here_y)
                found.append(_new(Box, (left, bottom, right, top)))
            last_x, last_y = here_x, here_y
        return found


def _groups(rules: list[Box]) -> list[list[Box]]:
    """Lines that touch one another, directly or through others."""
    waiting = list(rules)
    groups = []
    while waiting:
        group = [waiting.pop()]
        for rule in group:
            left, bottom, right, top = rule[0] - NEAR, rule[1] - NEAR, rule[2] + NEAR, rule[3] + NEAR
            touch = [x0 <= right and left <= x1 and y0 <= top and bottom <= y1 for x0, y0, x1, y1 in waiting]
            if any(touch):
                group += compress(waiting, touch)
                waiting = list(compress(waiting, map(not_, touch)))
        groups.append(group)
    return groups


def _grid(group: list[Box]) -> Grid | None:
    upright, lying = _directions(group)
    if not upright or not lying:
        return None
    centres = [(left + right) / 2 for left, _, right, _ in upright]
    columns = _places([*centres, min([rule[0] for rule in lying]), max([rule[2] for rule in lying])])
    if len(columns) < 3:  # most are one box
        return None
    ends = [max([rule[3] for rule in upright]), min([rule[1] for rule in upright])]  # some tables are open above
    rows = _places([*ends, *[(bottom + top) / 2 for _, bottom, _, top in lying]])[::-1]
    if len(rows) < 3 or len(columns) * len(rows) > _MOST_CELLS:
        return None
    return Grid(columns, rows, group)


def _are_three(values: list[float]) -> bool:
    """Whether at least three of the values do not nearly coincide: the first, the last and one between."""
    values.sort()
    first, last = values[0], values[-1]
    second = next((value for value in values if value - first > NEAR), math.inf)
    return last - second > NEAR


def _places(values: list[float]) -> list[float]:
    """Places in order, those that nearly coincide once."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > NEAR:
            places.append(value)
    return places
