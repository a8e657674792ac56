"""How several short texts share rows of one width. Pure: knows lengths, nothing else."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.engine.scheduling.batching import few_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SharedRows", "in_rows", "next_rows", "padded_tokens"]

_STEP_TOKENS: Final = 16


@dataclass(frozen=True, slots=True)
class SharedRows:
    """The most `tokens` of a row of several texts, `special` ones of each, and how many batches run at once."""

    tokens: int
    special: int
    parallel: int = 1

    def takes(self, length: int) -> bool:
        """Whether a text of so many content tokens shares its row with others."""
        return length + self.special <= self.tokens


def in_rows(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Indices of all N texts put into rows; each appears exactly once, and no row has more than so many tokens.

    A text that is longer has a row of its own. Rows are narrower than that where no more of them come of it.
    """
    rows = _filled(lengths, tokens)
    if len(rows) > 1:
        even = max(*lengths, -(-sum(lengths) // len(rows) // _STEP_TOKENS) * _STEP_TOKENS)
        if even < tokens and len(narrow := _filled(lengths, even)) == len(rows):
            return narrow
    return rows


def _filled(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """A row begins with the longest text that is left and takes the longest that still fits, until none does."""
    texts: dict[int, list[int]] = {}
    for index in reversed(range(len(lengths))):
        texts.setdefault(lengths[index], []).append(index)
    left = _Lengths({length: len(indices) for length, indices in texts.items()})
    rows: list[list[int]] = []
    while row := left.row(tokens):
        rows.append([texts[length].pop() for length in row])
    return rows


def next_rows(lengths: Sequence[int], end: int, shared: SharedRows, *, budget: int) -> list[int]:
    """Which texts the next batch has, ascending: rows of at most `budget` tokens in all, one row in any case.

    `lengths` (content tokens) are sorted ascending; the text before `end` is among those taken. Of all that share rows
    as many batches take their part as run at once, but none less than half a row, and none leaves less to the next.
    """
    short = bisect_right(lengths, shared.tokens - shared.special)
    first = lengths[end - 1] + shared.special
    waiting = _waiting(lengths, short, shared, budget * (shared.parallel + 1))
    half = min(waiting, shared.tokens // 2)
    part, most = min(budget, max(half, -(-waiting // shared.parallel))), max(1, budget // shared.tokens)
    count = few_sizes(min(most, max(1, -(-part // shared.tokens))))
    width = min(shared.tokens, max(first, -(-part // count)))
    left = _Lengths({length + shared.special: n for length, n in _counts(lengths, short).items()})
    row = left.row(width, first)
    taken: Counter[int] = Counter()
    number = 0
    while row:
        taken.update(row)
        waiting -= sum(row)
        number += 1
        goes_on = number < count or (number == count < most and waiting <= width // 2)
        row = left.row(width) if goes_on else []
    indices: list[int] = []
    for length, n in sorted(taken.items()):
        stop = bisect_right(lengths, length - shared.special)
        indices += range(stop - n, stop)
    return indices


def padded_tokens(lengths: Sequence[int], shared: SharedRows | None) -> int:
    """Tokens of the rectangle that these texts (content tokens, at least one) are computed in."""
    if shared is None or not shared.takes(max(lengths)):
        return len(lengths) * max(lengths)
    whole = [length + shared.special for length in lengths]
    rows = in_rows(whole, shared.tokens)
    return len(rows) * max(sum(whole[index] for index in row) for row in rows)


class _Lengths:
    """How many texts of each length are left; the longest that fits goes next."""

    def __init__(self, counts: Mapping[int, int]) -> None:
        self._counts = dict(counts)
        self._lengths = sorted(self._counts)

    def row(self, tokens: int, first: int | None = None) -> list[int]:
        """Lengths of the texts of one row, that `first` among them if it is given; empty once none is left."""
        row: list[int] = []
        room: float = tokens
        length = self._longest(math.inf if first is None else first)
        while length is not None:
            row.append(length)
            room -= length
            length = self._longest(room)
        return row

    def _longest(self, most: float) -> int | None:
        place = bisect_right(self._lengths, most)
        if not place:
            return None
        length = self._lengths[place - 1]
        self._counts[length] -= 1
        if not self._counts[length]:
            del self._lengths[place - 1]
        return length


def _waiting(lengths: Sequence[int], short: int, shared: SharedRows, enough: int) -> int:
    """Tokens of the first `short` texts; `enough` where they are as many or more."""
    if short * (1 + shared.special) >= enough:
        return enough
    return min(enough, sum(lengths[:short]) + short * shared.special)


def _counts(lengths: Sequence[int], short: int) -> dict[int, int]:
    """How many of the first `short` texts have each length."""
    counts: dict[int, int] = {}
    start = 0
    while start < short:
        stop = bisect_right(lengths, lengths[start], start, short)
        counts[lengths[start]] = stop - start
        start = stop
    return counts
