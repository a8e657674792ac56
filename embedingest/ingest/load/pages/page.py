"""What is known of a page: its lines with their places, and what stands on it beside them. In points, y upwards."""

from __future__ import annotations

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

    def meets(self, box: Box) -> bool:
        """Whether something stands in it, or reaches into it."""
        left, bottom, right, top = box
        return left < self.columns[-1] and right > self.columns[0] and bottom < self.rows[0] and top > self.rows[-1]

    def upright(self) -> list[list[bool]]:
        """Whether a line stands before a column in a row, row by row."""
        middles = [(above + below) / 2 for above, below in pairwise(self.rows)]
        rules = [(rule.centre, rule.bottom, rule.top) for rule in self.rules if rule.is_upright]
        before = [[(low, high) for centre, low, high in rules if abs(centre - x) <= NEAR] for x in self.columns[:-1]]
        return [[any(low <= y <= high for low, high in near) for near in before] for y in middles]

    def lying(self) -> list[list[bool]]:
        """Whether a line lies above a row in a column, row by row."""
        middles = [(left + right) / 2 for left, right in pairwise(self.columns)]
        rules = [(rule.middle, rule.left, rule.right) for rule in self.rules if not rule.is_upright]
        above = [[(left, right) for middle, left, right in rules if abs(middle - y) <= NEAR] for y in self.rows[:-1]]
        return [[any(left <= x <= right for left, right in near) for x in middles] for near in above]


@dataclass(slots=True)
class Page:
    """The lines of a page in the order in which they were written; where the page is damaged, what fields hold.

    `downwards` says that each is known to stand below the one before; `bottom` is the height of its lower edge.
    """

    lines: list[Line] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0
    bottom: float = 0.0
    damaged: bool = False
    downwards: bool = False
    grids: list[Grid] = field(default_factory=list)
