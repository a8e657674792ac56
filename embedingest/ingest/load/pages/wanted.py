"""Which lines of a page are asked for the places of their words: each word takes two calls of PDFium. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.pages.whole import LONGEST_INITIAL, is_initial

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.page import Grid, Line

__all__ = ["words_wanted"]

_ENOUGHGAPS: Final = 3
_WINDOW: Final = 8
_AROUND: Final = 3
"""Words are asked for where so many lines of so many neighbours have gaps, and for some lines around."""


def words_wanted(
    lines: list[Line], ruled: list[Grid], *, parted: bool, elsewhere: bool = False, mirrored: bool = False
) -> list[int]:
    """Which lines stand in a ruled table, or where several have gaps, and so may be rows or columns.

    `parted`: lines may be parts of one, which are put together with their words; `elsewhere`: first letters may belong
    to any. `mirrored`: some run from right to left. On other pages without a table only lines with gaps are parted.
    """
    gaps = [place for place, line in enumerate(lines) if line[3]]
    near: set[int] = set()
    if ruled:
        near.update(gaps)
        near.update([place for grid in ruled for place in grid.meeting(lines)])
    for first, last in zip(gaps, gaps[_ENOUGHGAPS - 1 :], strict=False):
        if last - first < _WINDOW:
            near.update(range(max(0, first - _AROUND), min(len(lines), last + _AROUND + 1)))
    if not near and not ruled:
        return []  # most pages
    if not ruled and not mirrored:
        parting = near.intersection(gaps)
        return sorted(near & _with_parts(lines, parting) if parted or elsewhere else parting)
    return sorted(_with_parts(lines, near) if ruled and parted else near)


def _with_parts(lines: list[Line], near: set[int]) -> set[int]:
    """The lines with all that may be parts of them: what stands beside them, one after the other, and first letters."""
    if any(len(line[0]) <= LONGEST_INITIAL and is_initial(line) for line in lines):
        return set(range(len(lines)))
    found: set[int] = set()
    run: list[int] = []
    low, high = math.inf, -math.inf
    for place, (_, (_, bottom, _, top), *_) in enumerate(lines):
        if bottom >= high or top <= low:
            if not near.isdisjoint(run):
                found.update(run)
            run, low, high = [], math.inf, -math.inf
        run.append(place)
        if bottom < low:
            low = bottom
        if top > high:
            high = top
    return found if near.isdisjoint(run) else found.union(run)
