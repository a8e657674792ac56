"""Pieces of a text put together into slices that fit. Knows tokens and costs, not what a piece means."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.chunk.pack import AIM, pack
from embedingest.ingest.chunk.refine import refine
from embedingest.ingest.chunk.ruler import Ruler

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from embedingest.ingest.chunk.blocks import Kind
    from embedingest.types import Sizer

__all__ = ["Filler", "Piece"]


class Piece(NamedTuple):
    """Where a piece starts, what a cut there costs, and its kind, which says how it is cut where it is too large.

    What stands in front of `body` is never parted from what follows (a heading), and what stands from `tail` on never
    from what precedes; where they are not told there is neither.
    """

    start: int
    cost: float
    kind: Kind
    body: int = -1
    tail: int = -1


_RUN: Final = 8
_BEHIND_HEAD: Final = 3.0
_LONGEST: Final = 48
"""Characters a slice may have for each token of the capacity: a bound for runs that count as one unknown token."""


class Filler:
    """Cuts stretches of one text into slices that fit."""

    def __init__(
        self, text: str, sizer: Sizer, *, overlap_tokens: int = 0, trim: bool = True, aim: float = AIM
    ) -> None:
        self._text = text
        self._overlap = overlap_tokens
        self._aim = aim
        self._ruler = Ruler(text, sizer, trim=trim)

    def size(self, start: int, end: int) -> int:
        """About how many tokens `text[start:end]` has."""
        return self._ruler.size(start, end)

    def slices(
        self, start: int, end: int, pieces: Iterable[Piece], capacity: int, prefix: str = ""
    ) -> Iterator[tuple[int, int]]:
        """Slices that tile `text[start:end]`; with overlap, each begins early but for the first.

        `pieces` are asked for only where the stretch does not fit as a whole; the first begins at `start`.
        """
        overlap = min(self._overlap, capacity // 2)
        for begin, stop in self._cut(start, end, pieces, max(1, capacity - overlap), prefix):
            yield (self._earlier(start, begin, overlap) if overlap else begin), stop

    def packed(
        self, starts: Sequence[int], costs: Sequence[float], end: int, capacity: int, prefix: str = ""
    ) -> Iterator[tuple[int, int]]:
        """Slices that tile the text from the first of `starts` to `end` and begin at some of them, without overlap."""
        yield from self._between([*starts, end], [*costs, 0.0], capacity, prefix)

    def _cut(
        self, start: int, end: int, pieces: Iterable[Piece], capacity: int, prefix: str
    ) -> Iterator[tuple[int, int]]:
        if self._fits(start, end, capacity, prefix):
            yield start, end
            return
        bounds, costs = self._bounds(end, list(pieces), capacity)
        yield from self._between(bounds, costs, capacity, prefix)

    def _between(self, bounds: list[int], costs: list[float], capacity: int, prefix: str) -> Iterator[tuple[int, int]]:
        """Slices from the first bound to the last, cut at those where it costs least."""
        positions = self._ruler.positions(bounds)
        bounds, positions, costs = _thinned(bounds, positions, costs)
        for first, last in pairwise(pack(positions, costs, capacity, self._aim)):
            yield from self._fitting(bounds[first : last + 1], capacity, prefix)

    def _bounds(self, end: int, pieces: list[Piece], capacity: int) -> tuple[list[int], list[float]]:
        """The pieces' starts and the end, with places inside those pieces that alone are too large."""
        bounds: list[int] = []
        costs: list[float] = []
        for index, piece in enumerate(pieces):
            stop = pieces[index + 1].start if index + 1 < len(pieces) else end
            bounds.append(piece.start)
            costs.append(piece.cost)
            if self._ruler.size(piece.start, stop) > capacity:
                for place, cost in self._inside(piece, stop, capacity):
                    bounds.append(place)
                    costs.append(cost)
        bounds.append(end)
        costs.append(0.0)
        return bounds, costs

    def _inside(self, piece: Piece, stop: int, capacity: int) -> Iterator[tuple[int, float]]:
        """Places to cut a piece that alone is too large: not behind its head or before its tail, if they are short."""
        body = piece.body if piece.start < piece.body < stop else piece.start
        tail = piece.tail if body < piece.tail < stop else stop
        most = capacity // 2
        if self._ruler.size(piece.start, body) > most:
            yield from refine(self._text, piece.start, body, "paragraph", self._ruler, capacity)
            yield body, _BEHIND_HEAD
            piece = piece._replace(start=body)
        end = tail if self._ruler.size(tail, stop) <= most else stop
        glued = self._ruler.size(piece.start, body) + self._ruler.size(end, stop)
        yield from refine(self._text, body, end, piece.kind, self._ruler, max(1, capacity - glued))

    def _fitting(self, bounds: list[int], capacity: int, prefix: str) -> Iterator[tuple[int, int]]:
        """The slice from first to last bound, halved for as long as its own tokenisation is too long."""
        start, end = bounds[0], bounds[-1]
        middle = None if self._fits(start, end, capacity, prefix) else self._middle(bounds)
        if middle is None:  # it fits, or is one character of many tokens: nothing is left to cut
            yield start, end
            return
        yield from self._fitting([*(b for b in bounds if b < middle), middle], capacity, prefix)
        yield from self._fitting([middle, *(b for b in bounds if b > middle)], capacity, prefix)

    def _middle(self, bounds: list[int]) -> int | None:
        if len(bounds) > 2:
            return bounds[len(bounds) // 2]
        start, end = bounds[0], bounds[-1]
        if end - start < 2:
            return None
        half = (start + end) // 2
        blank = self._text.rfind(" ", start + 1, half + 1)
        return blank + 1 if blank > start and blank + 1 < end else half

    def _fits(self, start: int, end: int, capacity: int, prefix: str) -> bool:
        return end - start <= capacity * _LONGEST and self._ruler.fits(start, end, capacity, prefix)

    def _earlier(self, first: int, start: int, overlap: int) -> int:
        """Where the repeated part begins: a word's start, within the stretch."""
        place = self._ruler.offset(max(0, self._ruler.position(start) - overlap))
        place = max(first, min(place, start))
        while place < start and place > first and not self._text[place - 1].isspace():
            place += 1
        return place


def _thinned(bounds: list[int], positions: list[int], costs: list[float]) -> tuple[list[int], list[int], list[float]]:
    """The bounds without the middle of long runs between which no token lies: packing looks at every pair of those."""
    kept = [
        index
        for index, position in enumerate(positions)
        if index < _RUN or positions[index - _RUN] != position or index == len(positions) - 1
    ]
    if len(kept) == len(bounds):
        return bounds, positions, costs
    return [bounds[i] for i in kept], [positions[i] for i in kept], [costs[i] for i in kept]
