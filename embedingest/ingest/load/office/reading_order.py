"""The order in which a person reads what stands on a slide: by rows and columns. Knows boxes, no format.

The order of drawing decides wherever places allow more than one: it is the author's, and mostly right.
"""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Box", "reading_order"]

_MOST: Final = 250
_SHRUNK: Final = 0.15
"""What boxes may overlap, as a share of each: text seldom fills its box to the edge."""

_FEW: Final = 3
"""So many times as often has the drawing to go back to an earlier row for it to be one by columns."""

_SLACK: Final = 0.02
_DEEPEST: Final = 30


class Box(NamedTuple):
    """Where something stands, in any unit; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)


class _Unit(NamedTuple):
    """Something to be read: its place in the order of drawing, its box, smaller by what boxes may overlap."""

    number: int
    box: Box


def reading_order(boxes: Sequence[Box | None], silent: Sequence[bool]) -> list[int]:
    """The places of `boxes` in the order of reading.

    What has no box follows what was drawn before it. Of the `silent`, which say nothing, those that frame some others
    keep them together; more than a few hundred are left in the order of drawing.
    """
    placed = [number for number, box in enumerate(boxes) if box is not None]
    if len(placed) > _MOST:
        return list(range(len(boxes)))
    follows: dict[int, list[int]] = {-1: []}
    last = -1
    for number, box in enumerate(boxes):
        last = number if box is not None else last
        follows.setdefault(last, []).append(number)
    found = {number: box for number, box in enumerate(boxes) if box is not None}
    inside = _inside(found, {number for number in found if silent[number]})
    order = [place for number in _with_inner(inside, found, -1, 0) for place in follows[number]]
    told = {*follows[-1], *order}
    return [*follows[-1], *order, *(number for number in range(len(boxes)) if number not in told)]


def _inside(boxes: dict[int, Box], silent: set[int]) -> dict[int, list[int]]:
    """What stands in each frame, by the frame's place; -1 is the slide. Silent ones that frame little are left out."""
    sizes = sorted(boxes, key=lambda number: boxes[number].area)
    said = len(boxes) - len(silent)
    frames = [
        number
        for number in sizes
        if number not in silent
        or 2 <= sum(_holds(boxes[number], boxes[other]) for other in boxes if other not in silent) < said
    ]
    inside: dict[int, list[int]] = {}
    for number in sorted(boxes):
        if number in silent and number not in frames:
            continue
        around = next((frame for frame in frames if frame != number and _holds(boxes[frame], boxes[number])), -1)
        inside.setdefault(around, []).append(number)
    return inside


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (outer.right - outer.left) * _SLACK, (outer.bottom - outer.top) * _SLACK
    return (
        outer.left - x <= inner.left
        and outer.right + x >= inner.right
        and outer.top - y <= inner.top
        and outer.bottom + y >= inner.bottom
        and outer.area > 1.2 * inner.area
    )


def _with_inner(inside: dict[int, list[int]], boxes: dict[int, Box], frame: int, depth: int) -> list[int]:
    order: list[int] = []
    for number in _ordered([_Unit(number, _smaller(boxes[number])) for number in inside.get(frame, ())], 0):
        order.append(number)
        if depth < _DEEPEST:
            order += _with_inner(inside, boxes, number, depth + 1)
    return order


def _smaller(box: Box) -> Box:
    x, y = (box.right - box.left) * _SHRUNK, (box.bottom - box.top) * _SHRUNK
    return Box(box.left + x, box.top + y, box.right - x, box.bottom - y)


def _ordered(units: list[_Unit], depth: int) -> list[int]:
    """Units in the order of drawing, parted into rows or columns as long as a line parts them."""
    if len(units) < 2:
        return [unit.number for unit in units]
    rows, columns = _parted(units, upright=False), _parted(units, upright=True)
    if depth > _DEEPEST or (len(rows) < 2 and len(columns) < 2):
        return _woven(units)
    by_columns = len(rows) < 2 or (len(columns) > 1 and _are_columns(rows, columns))
    groups = columns if by_columns else _with_columns(rows)
    return [number for group in groups for number in _ordered(group, depth + 1)]


def _with_columns(rows: list[list[_Unit]]) -> Iterator[list[_Unit]]:
    """The rows, those as one that follow each other and are columns below something wide, as a title is."""
    run: list[list[_Unit]] = []
    for row in [*rows, []]:
        if len(row) > 1 and len(_parted([*chain(*run), *row], upright=True)) > 1:
            run.append(row)
            continue
        units = sorted(chain(*run))
        if len(run) > 1 and _are_columns(run, _parted(units, upright=True)):
            yield units
        else:
            yield from run
        run = [row] if len(row) > 1 else []
        if len(row) == 1:
            yield row


def _parted(units: list[_Unit], *, upright: bool) -> list[list[_Unit]]:
    """Rows from the top or, `upright`, columns from the left, each in the order of drawing."""
    low, high = (0, 2) if upright else (1, 3)
    groups: list[list[_Unit]] = []
    end = float("-inf")
    for unit in sorted(units, key=lambda unit: unit.box[low]):
        if unit.box[low] >= end:
            groups.append([])
        groups[-1].append(unit)
        end = max(end, unit.box[high])
    return [sorted(group) for group in groups]


def _are_columns(rows: list[list[_Unit]], columns: list[list[_Unit]]) -> bool:
    """Of what may be either: columns where they were drawn so, or where each is a head over its text."""
    by_row, by_column = _jumps(rows), _jumps(columns)
    if by_row and by_column and all(_is_head_over_text(column) for column in columns):
        return True
    return by_column < by_row and by_column * _FEW <= by_row


def _jumps(groups: list[list[_Unit]]) -> int:
    """How often the drawing went back to an earlier group."""
    group_of = {unit.number: place for place, group in enumerate(groups) for unit in group}
    drawn = [group_of[number] for number in sorted(group_of)]
    return sum(1 for before, after in pairwise(drawn) if after < before)


def _is_head_over_text(column: list[_Unit]) -> bool:
    if len(column) != 2:
        return False
    head, text = sorted((unit.box for unit in column), key=lambda box: box.top)
    return text.bottom - text.top >= 2 * (head.bottom - head.top)


def _woven(units: list[_Unit]) -> list[int]:
    """What no line parts: first of what is left, as drawn, that which nothing stands above or to the left of."""
    left = dict(units)
    order: list[int] = []
    while left:
        free = (number for number in left if not any(_before(other, left[number]) for other in left.values()))
        chosen = next(free, next(iter(left)))
        order.append(chosen)
        del left[chosen]
    return order


def _before(one: Box, other: Box) -> bool:
    beside = one.top < other.bottom and other.top < one.bottom
    over = one.left < other.right and other.left < one.right
    return (one.bottom <= other.top and over) or (one.right <= other.left and beside)
