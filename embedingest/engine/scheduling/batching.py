"""How texts of many lengths become batches of little padding. Pure: knows lengths and budgets, nothing else."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["batches", "few_sizes", "window"]

_LEAST_FILL: Final = 0.75
"""In one batch the shortest text has at least this share of the longest one's tokens (below 16 tokens: any)."""

_SHORT_TOKENS: Final = 16


def window(lengths: Sequence[int], end: int, *, budget: int, most: int) -> int:
    """Where the batch that ends before `end` begins, in lengths sorted ascending.

    The longest text sets the padded width: the batch takes texts below it while width × texts stays within `budget`
    tokens, while there are at most `most` of them, and while none is so short that it would be mostly padding. One
    text is always taken, whatever its length, so that nothing waits for ever.
    """
    width = max(lengths[end - 1], 1)
    count = max(1, min(most, budget // width))
    shortest = 0 if width <= _SHORT_TOKENS else int(width * _LEAST_FILL)
    start = max(end - count, bisect_left(lengths, shortest, 0, end - 1), 0)
    return end - few_sizes(end - start)


def few_sizes(count: int) -> int:
    """The largest of 1, 2, 3, 4, 6, 8, 12, 16, 24, … that is not above `count`.

    A runtime keeps kernels and memory for each shape it has seen: few different shapes keep its memory bounded.
    """
    power = 1 << (count.bit_length() - 1)
    return power * 3 // 2 if power > 1 and count >= power * 3 // 2 else power


def batches(lengths: Sequence[int], *, budget: int, most: int) -> list[list[int]]:
    """Indices of all N texts cut into batches, longest first; each index appears exactly once."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    ascending = [lengths[i] for i in order]
    groups: list[list[int]] = []
    end = len(order)
    while end:
        start = window(ascending, end, budget=budget, most=most)
        groups.append(order[start:end])
        end = start
    return groups
