"""The ruled lines of a page, out of PDFium, and the grids that they make. Knows no words."""

from __future__ import annotations

import ctypes
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.pages.calls import calls, handle, object_boxes
from embedingest.ingest.load.pages.page import NEAR, Box, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.load.pages.calls import Calls
    from embedingest.ingest.load.pages.opened import Opened

__all__ = ["grids"]

_MOST_OBJECTS: Final = 50_000
_MOST_STROKES: Final = 10_000
_MOST_RULES: Final = 300
"""A page with more ruled lines than this, or more strokes of which they are made, is a drawing."""

_MOST_CELLS: Final = 4000
_THIN: Final = 3.0


def grids(raw: Any, page: Opened) -> list[Grid]:
    """The grids of at least two columns and rows."""
    rules = []
    for rule in _rules(raw, page.raw):
        rules.append(rule if page.turn is None else page.turn(rule))
        if len(rules) > _MOST_STROKES:
            return []
    if not _may_part(rules):
        return []
    whole = _whole(rules)
    if len(whole) > _MOST_RULES:
        return []
    found = (_grid(group) for group in _groups(whole))
    return [grid for grid in found if grid is not None]


def _may_part(rules: list[Box]) -> bool:
    """Whether all rules of a page together part columns and rows; most pages have a line or two, or boxes."""
    upright = [rule for rule in rules if rule.is_upright]
    lying = [rule for rule in rules if not rule.is_upright]
    if not upright or not lying:
        return False
    ends = [side for rule in lying for side in (rule.left, rule.right)]
    if len(_places([*ends, *(rule.centre for rule in upright)])) < 3:
        return False
    ends = [side for rule in upright for side in (rule.bottom, rule.top)]
    return len(_places([*ends, *(rule.middle for rule in lying)])) >= 3


def _whole(strokes: list[Box]) -> list[Box]:
    """Strokes that go on from one another, as those of cells do, as one line."""
    rules: list[Box] = []
    lying = sorted((s for s in strokes if not s.is_upright), key=lambda s: (round(s.middle), s.left))
    for stroke in lying:
        last = rules[-1] if rules else None
        if last is not None and abs(last.middle - stroke.middle) < 1 and stroke.left <= last.right + 1:
            rules[-1] = last._replace(right=max(last.right, stroke.right))
        else:
            rules.append(stroke)
    upright = sorted((s for s in strokes if s.is_upright), key=lambda s: (round(s.centre), s.bottom))
    for stroke in upright:
        last = rules[-1] if rules and rules[-1].is_upright else None
        if last is not None and abs(last.centre - stroke.centre) < 1 and stroke.bottom <= last.top + 1:
            rules[-1] = last._replace(top=max(last.top, stroke.top))
        else:
            rules.append(stroke)
    return rules


def _rules(raw: Any, page: Any) -> Iterator[Box]:
    bare, whole = calls(raw), handle(page)
    count = raw.FPDFPage_CountObjects(page)
    if count > _MOST_OBJECTS:
        return
    objects = list(map(bare.drawn, repeat(whole), range(count)))
    path = raw.FPDF_PAGEOBJ_PATH
    paths = list(compress(objects, [kind == path for kind in map(bare.kind, objects)]))
    for drawn, (left, bottom, right, top) in object_boxes(bare, paths):
        if min(right - left, top - bottom) <= _THIN:
            yield Box(left, bottom, right, top)
            continue
        segments = bare.segments(drawn)
        if segments in {4, 5}:  # a box
            yield Box(left, bottom, right, bottom)
            yield Box(left, top, right, top)
            yield Box(left, bottom, left, top)
            yield Box(right, bottom, right, top)
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
    before: tuple[float, float] | None = None
    for index in range(segments):
        segment = bare.segment(drawn, index)
        bare.point(segment, to_x, to_y)
        here = (a * x.value + c * y.value + e, b * x.value + d * y.value + f)
        if before is not None and bare.segment_kind(segment) == line:
            (x0, x1), (y0, y1) = sorted((before[0], here[0])), sorted((before[1], here[1]))
            if min(x1 - x0, y1 - y0) <= _THIN:
                yield Box(x0, y0, x1, y1)
        before = here


def _groups(rules: list[Box]) -> list[list[Box]]:
    """Lines that touch one another, directly or through others."""
    waiting = list(rules)
    groups = []
    while waiting:
        group = [waiting.pop()]
        for rule in group:
            touching = [other for other in waiting if _touch(rule, other)]
            if touching:
                waiting = [other for other in waiting if not _touch(rule, other)]
                group += touching
        groups.append(group)
    return groups


def _touch(one: Box, other: Box) -> bool:
    return (
        one.left <= other.right + NEAR
        and other.left <= one.right + NEAR
        and one.bottom <= other.top + NEAR
        and other.bottom <= one.top + NEAR
    )


def _grid(group: list[Box]) -> Grid | None:
    upright = [rule for rule in group if rule.is_upright]
    lying = [rule for rule in group if not rule.is_upright]
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
