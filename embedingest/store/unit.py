"""What a hit stands in, as a search answers with it: a section of a document, or all of it. Values alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UNITS", "MarkedHit", "Unit", "UnitKind"]

UnitKind = Literal["chunk", "section", "document"]

UNITS: Final[tuple[UnitKind, ...]] = get_args(UnitKind)


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
