"""What is known of a page: its lines with their places, and what stands on it beside them. In points, y upwards."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

__all__ = ["GAP", "NEAR", "Box", "Grid", "Line", "Page", "Turn", "Word"]

NEAR: Final = 3.0
"""Lines so near to one another coincide."""


GAP: Final = 1.2
"""What parts cells and columns, in heights of a line: two blanks are narrower."""


class Box(NamedTuple):
    """A rectangle on the page."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        """Its height on the page."""
        return (self.bottom + self.top) / 2

    @property
    def centre(self) -> float:
        """Its place from the left."""
        return (self.left + self.right) / 2

    @property
    def is_upright(self) -> bool:
        """Whether it is higher than wide."""
        return self.top - self.bottom > self.right - self.left

    def turned_back(self, quarters: int) -> Box:
        """Where it would stand if what lies by so many quarter turns, against the clock, stood upright."""
        left, bottom, right, top = self
        turned = (self, (bottom, -right, top, -left), (-right, -top, -left, -bottom), (-top, left, -bottom, right))
        return Box(*turned[quarters])


Turn = Callable[[Box], Box]
"""Gives the place that a reader sees, on a page that is shown turned."""


class Word(NamedTuple):
    """Where a word stands on the page, and as which characters of its line."""

    start: int
    end: int
    left: float
    bottom: float
    right: float
    top: float


class Line(NamedTuple):
    """A line as it is printed. `first` numbers its first character on the page.

    `gap` says that it is parted by more than a blank, `hyphen` that the word at its end goes on in the next line.
    `words` are known only where somebody asked for them. `quarters` says by how many quarter turns, against the clock,
    its letters lie; it is asked for on pages whose lines do not simply go down.
    """

    text: str
    box: Box
    first: int = 0
    gap: bool = False
    hyphen: bool = False
    words: tuple[Word, ...] = ()
    quarters: int = 0


class Grid(NamedTuple):
    """Where columns and rows are parted, from the left and from the top; `rules` are all lines that part them."""

    columns: list[float]
    rows: list[float]
    rules: list[Box]

    def meeting(self, lines: list[Line]) -> list[int]:
        """The places of the lines that stand in it, or reach into it."""
        west, east, north, south = self.columns[0], self.columns[-1], self.rows[0], self.rows[-1]
        return [
            place
            for place, (_, (left, bottom, right, top), *_) in enumerate(lines)
            if bottom < north and top > south and left < east and right > west
        ]

    def upright(self) -> list[list[bool]]:
        """Whether a line stands before a column in a row, row by row."""
        middles = [(above + below) / 2 for above, below in pairwise(self.rows)][::-1]
        columns = _crossed(self.columns[:-1], middles, [box for box in self.rules if box.is_upright], side=0)
        return [list(row) for row in zip(*columns, strict=True)][::-1]

    def lying(self) -> list[list[bool]]:
        """Whether a line lies above a row in a column, row by row."""
        middles = [(left + right) / 2 for left, right in pairwise(self.columns)]
        return _crossed(self.rows[:-1], middles, [box for box in self.rules if not box.is_upright], side=1)


def _crossed(places: list[float], middles: list[float], rules: list[Box], side: int) -> list[list[bool]]:
    """For each place, at which of the middles, which grow, a rule that lies there stands.

    `side`: which side of a rule is at its place, 0 the left of those that are upright, 1 the bottom of those that lie.
    """
    crossed = [[False] * len(middles) for _ in places]
    for rule in rules:
        at, low, high = (rule[side] + rule[side + 2]) / 2, rule[1 - side], rule[3 - side]
        first, last = bisect_left(middles, low), bisect_right(middles, high)
        for place, there in zip(places, crossed, strict=True):
            if -NEAR <= at - place <= NEAR:
                there[first:last] = [True] * (last - first)
    return crossed


@dataclass(slots=True)
class Page:
    """The lines of a page in the order in which they were written; where the page is damaged, what fields hold.

    `downwards` says that each is known to stand below the one before; `bottom` is the height of its lower edge,
    `unknown` counts characters that only their font knows. `aside` are lines that lie at an angle, over others or not.
    """

    lines: list[Line] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0
    bottom: float = 0.0
    damaged: bool = False
    downwards: bool = False
    grids: list[Grid] = field(default_factory=list)
    unknown: int = 0
    aside: list[Line] = field(default_factory=list)
