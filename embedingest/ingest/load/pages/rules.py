"""The ruled lines of a page, out of PDFium, and the grids that they make. Knows no words."""

from __future__ import annotations

import ctypes
from itertools import compress, repeat
from operator import not_
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.pages.calls import calls, handle, object_boxes
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
    for rule in _rules(raw, page.raw):
        rules.append(rule if page.turn is None else page.turn(rule))
        if len(rules) > _MOST_STROKES:
            return []
    if not _cross(rules) or not _may_part(rules):
        return []
    whole = _whole(rules)
    if len(whole) > _MOST_RULES:
        return []
    found = (_grid(group) for group in _groups(whole))
    return [grid for grid in found if grid is not None]


def _cross(rules: list[Box]) -> bool:
    """Whether an upright line may meet one that lies; underlined words, and bars, do not."""
    upright, lying = _directions(rules)
    if len(upright) * len(lying) > _MOST_PAIRS:
        return True
    for x0, y0, x1, y1 in upright:
        left, bottom, right, top = x0 - _MEETING, y0 - _MEETING, x1 + _MEETING, y1 + _MEETING
        if any(rule[0] <= right and left <= rule[2] and rule[1] <= top and bottom <= rule[3] for rule in lying):
            return True
    return False


def _may_part(rules: list[Box]) -> bool:
    """Whether all rules of a page together part columns and rows; most pages have a line or two, or boxes."""
    upright, lying = _directions(rules)
    if not upright or not lying:
        return False
    ends = [side for rule in lying for side in (rule.left, rule.right)]
    if len(_places([*ends, *(rule.centre for rule in upright)])) < 3:
        return False
    ends = [side for rule in upright for side in (rule.bottom, rule.top)]
    return len(_places([*ends, *(rule.middle for rule in lying)])) >= 3


def _directions(rules: list[Box]) -> tuple[list[Box], list[Box]]:
    """The lines that stand upright, and those that lie."""
    upright = [rule for rule in rules if rule[3] - rule[1] > rule[2] - rule[0]]
    lying = [rule for rule in rules if rule[3] - rule[1] <= rule[2] - rule[0]]
    return upright, lying


def _whole(strokes: list[Box]) -> list[Box]:
    """Strokes that go on from one another, as those of cells do, as one line."""
    rules: list[Box] = []
    upright, lying = _directions(strokes)
    for stroke in sorted(lying, key=lambda s: (round((s[1] + s[3]) / 2), s[0])):
        last = rules[-1] if rules else None
        if last is not None and abs(last.middle - stroke.middle) < 1 and stroke.left <= last.right + 1:
            rules[-1] = Box(last[0], last[1], max(last[2], stroke[2]), last[3])
        else:
            rules.append(stroke)
    parted = len(rules)
    for stroke in sorted(upright, key=lambda s: (round((s[0] + s[2]) / 2), s[1])):
        last = rules[-1] if len(rules) > parted else None
        if last is not None and abs(last.centre - stroke.centre) < 1 and stroke.bottom <= last.top + 1:
            rules[-1] = Box(last[0], last[1], last[2], max(last[3], stroke[3]))
        else:
            rules.append(stroke)
    return rules


def _rules(raw: Any, page: Any) -> Iterator[Box]:
    bare, whole = calls(raw), handle(page)
    count = bare.count_drawn(whole)
    if count > _MOST_OBJECTS:
        return
    objects = list(map(bare.drawn, repeat(whole), range(count)))
    path = raw.FPDF_PAGEOBJ_PATH
    kinds = list(map(bare.kind, objects))
    if path not in kinds:
        return
    paths = list(compress(objects, map(path.__eq__, kinds)))
    for drawn, (left, bottom, right, top) in object_boxes(bare, paths):
        if min(right - left, top - bottom) <= _THIN:
            yield _new(Box, (left, bottom, right, top))
            continue
        segments = bare.segments(drawn)
        if segments in {4, 5}:  # a box
            yield _new(Box, (left, bottom, right, bottom))
            yield _new(Box, (left, top, right, top))
            yield _new(Box, (left, bottom, left, top))
            yield _new(Box, (right, bottom, right, top))
        elif segments <= _MOST_STROKES:
            yield from _strokes(raw, bare, drawn, segments)


def _strokes(raw: Any, bare: Calls, drawn: Any, segments: int) -> Iterator[Box]:
    """The straight lines of one path."""
    matrix = raw.FS_MATRIX()
    if not bare.matrix(drawn, ctypes.byref(matrix)):
        return
    a, b, c, d, e, f = matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f
    x, y = ctypes.c_float(), ctypes.c_float()
    to_x, to_y = ctypes.byref(x), ctypes.byref(y)
    line = raw.FPDF_SEGMENT_LINETO
    last_x = last_y = 0.0
    for index in range(segments):
        segment = bare.segment(drawn, index)
        bare.point(segment, to_x, to_y)
        there_x, there_y = x.value, y.value
        here_x, here_y = a * there_x + c * there_y + e, b * there_x + d * there_y + f
        if (
            index
            and (-_THIN <= here_x - last_x <= _THIN or -_THIN <= here_y - last_y <= _THIN)
            and bare.segment_kind(segment) == line
        ):
            yield _new(Box, (min(last_x, here_x), min(last_y, here_y), max(last_x, here_x), max(last_y, here_y)))
        last_x, last_y = here_x, here_y


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
    columns = _places(
        [*(rule.centre for rule in upright), min(rule.left for rule in lying), max(rule.right for rule in lying)]
    )
    ends = [max(rule.top for rule in upright), min(rule.bottom for rule in upright)]  # some tables are open above
    rows = _places([*ends, *(rule.middle for rule in lying)])[::-1]
    if len(columns) < 3 or len(rows) < 3 or len(columns) * len(rows) > _MOST_CELLS:
        return None
    return Grid(columns, rows, group)


def _places(values: list[float]) -> list[float]:
    """Places in order, those that nearly coincide once."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > NEAR:
            places.append(value)
    return places
