"""What is known of a page: its lines with their places, and what stands on it beside them. In points, y upwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.rules import Grid

__all__ = ["Box", "Line", "Page", "Word"]


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


@dataclass(slots=True)
class Page:
    """The lines of a page in the order in which they were written; None where the page is damaged."""

    lines: list[Line] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0
    damaged: bool = False
    grids: list[Grid] = field(default_factory=list)
