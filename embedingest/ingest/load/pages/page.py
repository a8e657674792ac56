"""What is known of a page: its lines with their places, and what stands on it beside them. In points, y upwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = ["NEAR", "Box", "Grid", "Line", "Page", "Turn", "Word"]

NEAR: Final = 3.0
"""Lines so near to one another coincide."""


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
    `words` are known only where somebody asked for them.
    """

    text: str
    box: Box
    first: int = 0
    gap: bool = False
    hyphen: bool = False
    words: tuple[Word, ...] = ()


class Grid(NamedTuple):
    """Where columns and rows are parted, from the left and from the top; `rules` are all lines that part them."""

    columns: list[float]
    rows: list[float]
    rules: list[Box]

    def upright(self, column: int, row: int) -> bool:
        """Whether a line stands before a column in a row."""
        x, y = self.columns[column], (self.rows[row] + self.rows[row + 1]) / 2
        return any(
            rule.is_upright and abs(rule.centre - x) <= NEAR and rule.bottom <= y <= rule.top for rule in self.rules
        )

    def lying(self, column: int, row: int) -> bool:
        """Whether a line lies above a row in a column."""
        x, y = (self.columns[column] + self.columns[column + 1]) / 2, self.rows[row]
        return any(
            not rule.is_upright and abs(rule.middle - y) <= NEAR and rule.left <= x <= rule.right for rule in self.rules
        )


@dataclass(slots=True)
class Page:
    """The lines of a page in the order in which they were written; None where the page is damaged."""

    lines: list[Line] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0
    damaged: bool = False
    grids: list[Grid] = field(default_factory=list)
