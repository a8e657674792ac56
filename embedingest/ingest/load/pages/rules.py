"""The ruled lines of a page, out of PDFium, and the grids that they make. Knows no words."""

from __future__ import annotations

import math
from itertools import compress, repeat
from operator import not_
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.pages.calls import calls, matrices, object_boxes, points
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

_AT_ONCE: Final = 500
"""Segments of paths that are asked for at once, at least."""

_MEETING: Final = NEAR + 1.0
"""How near to one another lines are that meet, where each may go on for a point as another."""

_MOST_PAIRS: Final = 20_000
"""So many pairs of lines are looked at."""

_MOST_CELLS: Final = 4000
_THIN: Final = 3.0


def grids(raw: Any, page: Opened) -> list[Grid]:
    """The grids of at least two columns and rows."""
    rules = _rules(raw, page.whole)
    if page.turn is not None:
        rules = [page.turn(rule) for rule in rules]
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
        west, south, east, north = x0 - _MEETING, y0 - _MEETING, x1 + _MEETING, y1 + _MEETING
        for left, bottom, right, top in lying:
            if left <= east and west <= right and bottom <= north and south <= top:
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
    upright: list[Box] = []
    lying: list[Box] = []
    for rule in rules:
        left, bottom, right, top = rule
        (upright if top - bottom > right - left else lying).append(rule)
    return upright, lying


def _going_on(strokes: list[Box], side: int) -> list[Box]:
    """The strokes of one direction, those as one that go on from one another, as those of cells do.

    `side` says where one begins: 0 at the left of those that lie, 1 at the bottom of those that stand upright.
    """
    low, end, high = 1 - side, side + 2, 3 - side
    middles = [(stroke[low] + stroke[high]) / 2 for stroke in strokes]
    placed = sorted(
        [
            (round(middle), stroke[side], number)
            for number, (middle, stroke) in enumerate(zip(middles, strokes, strict=True))
        ]
    )
    rules: list[Box] = []
    place = reach = -math.inf
    for _, _, number in placed:
        middle, stroke = middles[number], strokes[number]
        if not (-1 < middle - place < 1 and stroke[side] <= reach + 1):
            rules.append(stroke)
            place, reach = middle, stroke[end]
        elif stroke[end] > reach:
            reach = stroke[end]
            left, bottom, right, top = rules[-1]
            rules[-1] = _new(Box, (left, bottom, right, reach) if side else (left, bottom, reach, top))
    return rules


def _rules(raw: Any, whole: Any) -> list[Box]:
    """The straight lines that are drawn; none where there are too many."""
    bare = calls(raw)
    count = bare.count_drawn(whole)
    if count > _MOST_OBJECTS:
        return []
    objects = list(map(bare.drawn, repeat(whole), range(count)))
    counts = list(map(bare.segments, objects))  # -1 is that of all else than paths
    if counts.count(-1) == count:
        return []
    paths = [(drawn, segments) for drawn, segments in zip(objects, counts, strict=True) if segments >= 0]
    rules: list[Box] = []
    others: list[tuple[Any, int]] = []
    for path, box in zip(paths, object_boxes(bare, [drawn for drawn, _ in paths]), strict=True):
        if box is None:
            continue
        left, bottom, right, top = box
        if right - left <= _THIN or top - bottom <= _THIN:
            rules.append(_new(Box, box))
        elif path[1] in {4, 5}:  # a box
            rules += [
                _new(Box, (left, bottom, right, bottom)),
                _new(Box, (left, top, right, top)),
                _new(Box, (left, bottom, left, top)),
                _new(Box, (right, bottom, right, top)),
            ]
        elif path[1] <= _MOST_STROKES:
            others.append(path)
    for some in _together(others):
        if len(rules) <= _MOST_STROKES:
            rules += _strokes(bare, some, raw.FPDF_SEGMENT_LINETO)
    return rules if len(rules) <= _MOST_STROKES else []


def _together(paths: list[tuple[Any, int]]) -> Iterator[list[tuple[Any, int]]]:
    """The paths, so many at once that they have some hundred segments."""
    run: list[tuple[Any, int]] = []
    count = 0
    for path in paths:
        run.append(path)
        count += path[1]
        if count >= _AT_ONCE:
            yield run
            run, count = [], 0
    if run:
        yield run


def _strokes(bare: Calls, paths: list[tuple[Any, int]], straight: int) -> list[Box]:
    """The straight lines of the paths; `straight` is the kind of segment that is one."""
    planes = matrices(bare, [drawn for drawn, _ in paths])
    segments, ends = points(bare, paths)
    found = []
    at = 0
    for (_, count), plane in zip(paths, planes, strict=True):
        first, at = at, at + count
        if plane is None:
            continue
        a, b, c, d, e, f = plane
        last_x = last_y = math.inf
        for place in range(first, at):
            x, y = ends[place]
            here_x, here_y = a * x + c * y + e, b * x + d * y + f
            if (-_THIN <= here_x - last_x <= _THIN or -_THIN <= here_y - last_y <= _THIN) and bare.segment_kind(
                segments[place]
            ) == straight:
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
