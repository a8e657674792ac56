"""The ruled lines of a page, out of PDFium, and the grids that they make. Knows no words."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.pages.calls import calls, handle
from embedingest.ingest.load.pages.page import NEAR, Box, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.load.pages.page import Turn

__all__ = ["grids"]

_MOST_OBJECTS: Final = 50_000
_MOST_STROKES: Final = 10_000
_MOST_RULES: Final = 300
"""A page with more ruled lines than this, or more strokes of which they are made, is a drawing."""

_MOST_CELLS: Final = 4000
_THIN: Final = 3.0


def grids(raw: Any, page: Any, turn: Turn | None) -> list[Grid]:
    """The grids of at least two columns and rows."""
    rules = []
    for rule in _rules(raw, page):
        rules.append(rule if turn is None else turn(rule))
        if len(rules) > _MOST_STROKES:
            return []
    whole = _whole(rules)
    if len(whole) > _MOST_RULES:
        return []
    found = (_grid(group) for group in _groups(whole))
    return [grid for grid in found if grid is not None]


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
    count = raw.FPDFPage_CountObjects(page.raw)
    if count > _MOST_OBJECTS:
        return
    sides = [ctypes.c_float() for _ in range(4)]
    found = [ctypes.byref(side) for side in sides]
    bare = calls(raw)
    drawn_at, kind_of, path, whole = bare.drawn, bare.kind, raw.FPDF_PAGEOBJ_PATH, handle(page.raw)
    for index in range(count):
        if kind_of(drawn_at(whole, index)) != path:
            continue
        drawn = raw.FPDFPage_GetObject(page.raw, index)
        if raw.FPDFPageObj_GetBounds(drawn, *found):
            left, bottom, right, top = (side.value for side in sides)
            if min(right - left, top - bottom) <= _THIN:
                yield Box(left, bottom, right, top)
            elif raw.FPDFPath_CountSegments(drawn) in {4, 5}:  # a box
                yield Box(left, bottom, right, bottom)
                yield Box(left, top, right, top)
                yield Box(left, bottom, left, top)
                yield Box(right, bottom, right, top)
            elif raw.FPDFPath_CountSegments(drawn) <= _MOST_STROKES:
                yield from _strokes(raw, drawn)


def _strokes(raw: Any, drawn: Any) -> Iterator[Box]:
    """The straight lines of one path."""
    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(drawn, matrix):
        return
    x, y = ctypes.c_float(), ctypes.c_float()
    before: tuple[float, float] | None = None
    for index in range(raw.FPDFPath_CountSegments(drawn)):
        segment = raw.FPDFPath_GetPathSegment(drawn, index)
        raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        here = (matrix.a * x.value + matrix.c * y.value + matrix.e, matrix.b * x.value + matrix.d * y.value + matrix.f)
        if before is not None and raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_LINETO:
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
