"""What a hit stands in, as a search answers with it: a section of a document, or all of it; and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["LEAST_BUDGET", "MOST_BUDGET", "UNITS", "USUAL_BUDGET", "MarkedHit", "Piece", "Unit", "UnitKind", "pieces"]

UnitKind = Literal["chunk", "section", "document"]

UNITS: Final[tuple[UnitKind, ...]] = get_args(UnitKind)
LEAST_BUDGET: Final = 16
MOST_BUDGET: Final = 100_000
USUAL_BUDGET: Final = 1_000
"""Tokens of the text of a unit."""


@dataclass(frozen=True, slots=True)
class MarkedHit:
    """A hit in the text of a unit: characters `start` to `end` of that text are those of its chunk."""

    id: str
    score: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unit:
    """What a hit stands in: a `section` (all below `heading_path`) or the `document`.

    `text` are the characters of the document from `start` on; `hits` are in the order of the text, the best is that
    of the `Hit`. `truncated` says that it has more, which had no room around the best hit or is shown by a better one.
    `gaps` are characters of the document that stand in no chunk, or in none that who asks may see. `tokens` are those
    of the text, and `extent` are chunks, lines and pages from first to last.
    """

    kind: UnitKind
    text: str
    start: int
    heading_path: tuple[str, ...]
    hits: tuple[MarkedHit, ...]
    truncated: bool
    gaps: tuple[tuple[int, int], ...]
    tokens: int
    extent: Mapping[str, Any]

    @property
    def end(self) -> int:
        """The character of the document after the last one of the text."""
        return self.start + len(self.text)


class Piece(NamedTuple):
    """A stretch of the text, half-open ranges of the words in it that were asked for, and whether it was found."""

    text: str
    highlights: list[tuple[int, int]]
    found: bool


def pieces(unit: Mapping[str, Any]) -> Iterator[Piece]:
    """The pieces of a result of `search --json` that is a section or a document, in order, all together its text."""
    place = 0
    for first, last in _united(unit):
        yield from _piece(unit, place, first, found=False)
        yield from _piece(unit, first, last, found=True)
        place = last
    yield from _piece(unit, place, len(unit["text"]), found=False)


def _united(unit: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Where hits stand; chunks may share what stands at their edges."""
    united: list[tuple[int, int]] = []
    for mark in sorted(unit["hits"], key=lambda mark: int(mark["start"])):
        first = max(mark["start"], united[-1][1] if united else 0)
        if first < mark["end"]:
            united.append((first, mark["end"]))
    return united


def _piece(unit: Mapping[str, Any], first: int, last: int, *, found: bool) -> Iterator[Piece]:
    text = unit["text"][first:last]
    if text.strip():
        inside = [(s - first, e - first) for s, e in unit.get("highlights", ()) if first <= s and e <= last]
        yield Piece(text, inside, found)
