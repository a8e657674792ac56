"""Where to cut a run of pieces so that chunks fit, are well filled, and stay put under edits. Pure.

The cuts that cost least in all are taken. A chunk costs the square of its distance from the size aimed at, a
cut costs what its place is worth (between paragraphs little, inside a sentence much) plus a part drawn from
the words that follow it. That part makes equal places unequal in a way that travels with the text: an edit
moves the cuts beside it, and a little further on the cheapest way is the same as before.
"""

from __future__ import annotations

import zlib
from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

__all__ = ["AIM", "draw", "pack"]

AIM: Final = 0.6
"""The size aimed at, as a share of the capacity: lower re-embeds less after an edit, higher makes fewer chunks.

Measured by `benchmarks/edits.py`: 1.0 gives 20.5 % embedded again at 73 % mean fill, 0.6 gives 18.5 % at 64 %.
"""
_DRAW_CHARACTERS: Final = 40
_MANY: Final = 32
"""Bounds within one capacity from which on they are weighed many at once: pieces of a few tokens."""
_STRETCH: Final = 24
"""Ends that chunks which begin before them are weighed for at once."""


def draw(text: str, offset: int, characters: int = _DRAW_CHARACTERS) -> float:
    """A number in [0, 1) from the words at `offset`, the same wherever these words stand."""
    return zlib.crc32(text[offset : offset + characters].encode("utf-8", "surrogatepass")) / 2**32


def pack(positions: Sequence[int], costs: Sequence[float], capacity: int, aim: float = AIM) -> list[int]:
    """The indices of the bounds to cut at, first and last included.

    `positions` (n + 1) are the token positions of the n pieces' bounds, ascending; `costs` (n + 1) what a cut at
    each bound costs (the first and the last are free). Chunks hold at most `capacity` tokens; a single piece
    above it stands alone.
    """
    count = len(positions) - 1
    if positions[count] - positions[0] <= capacity * aim:
        return [0, count]
    goal = 1.0 / max(1.0, capacity * aim)
    best = array("d", bytes(8 * (count + 1)))
    weigh: _Weigher | None = None
    origin = [0] * (count + 1)
    first = 0
    for end in range(1, count + 1):
        stop = positions[end]
        while first < end - 1 and stop - positions[first] > capacity:
            first += 1
        if end - first < _MANY:
            least, origin[end] = _cheapest(positions, best, first, end, goal)
        else:
            weigh = weigh or _Weigher(positions, best, capacity, goal)
            least, origin[end] = weigh.cheapest(first, end)
        best[end] = least + costs[end]
    cuts = [count]
    while cuts[-1] > 0:
        cuts.append(origin[cuts[-1]])
    cuts.reverse()
    return cuts


def _cheapest(positions: Sequence[int], best: Sequence[float], first: int, end: int, goal: float) -> tuple[float, int]:
    """What the chunks up to `end` cost at least and where the last of them begins, the latest of equal places."""
    stop, least, place = positions[end], float("inf"), first
    for begin in range(end - 1, first - 1, -1):
        off = 1.0 - (stop - positions[begin]) * goal
        cost = best[begin] + off * off
        if cost < least:
            least, place = cost, begin
    return least, place


class _Weigher:
    """The same as `_cheapest`, to the last bit, for many places at once; it sees what is written to `best` later.

    Chunks that begin before a stretch of ends are weighed for all of these at once. Of those that begin inside, the
    cheapest beginning behind the largest chunk costs the least that there could be; mostly that is already too much.
    """

    def __init__(self, positions: Sequence[int], best: array[float], capacity: int, goal: float) -> None:
        import numpy as np  # only texts of very short pieces need it

        self._positions, self._best, self._capacity, self._goal = positions, best, capacity, goal
        self._all_positions: Final[np.ndarray] = np.array(positions, np.float64)
        self._all_best: Final[np.ndarray] = np.frombuffer(best, np.float64)
        self._start = self._stop = self._seen = 0
        self._low = float("inf")
        self._before: list[tuple[float, int]] = []

    def cheapest(self, first: int, end: int) -> tuple[float, int]:
        if end >= self._stop:
            self._weigh(first, end)
        while self._seen < end:
            self._low = min(self._low, self._best[self._seen])
            self._seen += 1
        before = self._before[end - self._start]
        off = 1.0 - (self._positions[end] - self._positions[self._start]) * self._goal
        if off > 0.0 and before[0] < self._low + off * off:
            return before
        inside = _cheapest(self._positions, self._best, max(first, self._start), end, self._goal)
        return inside if inside[0] <= before[0] else before

    def _weigh(self, first: int, start: int) -> None:
        """Begin a stretch at `start`: what chunks cost that begin from `first` on and before it."""
        self._start, self._stop, self._seen, self._low = start, start + _STRETCH, start, float("inf")
        sizes = self._all_positions[start : self._stop, None] - self._all_positions[first:start][::-1]
        off = 1.0 - sizes * self._goal
        costs = self._all_best[first:start][::-1] + off * off
        costs[sizes > self._capacity] = float("inf")
        least = costs.argmin(axis=1)
        self._before = [(float(costs[row, place]), start - 1 - int(place)) for row, place in enumerate(least)]
