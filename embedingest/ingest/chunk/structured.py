"""Markdown, reStructuredText, AsciiDoc and plain text cut along their own structure. Knows no models.

A chunk never crosses a heading; tables and fenced blocks stay whole where they fit; cuts follow content.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.ingest.chunk.emit import Emitter
from embedingest.ingest.chunk.pack import draw, pack
from embedingest.ingest.chunk.refine import refine
from embedingest.ingest.chunk.ruler import Ruler
from embedingest.ingest.chunk.sections import Section, sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.types import Chunk, Document, Sizer

__all__ = ["Filler", "StructuredChunker", "create", "heading_prefix", "room"]

# What a cut in front of a block costs, next to 1 for a chunk that stays empty: what a paragraph announces stays by it.
_COST: Final = {"heading": 0.0, "paragraph": 0.1, "item": 0.3, "code": 0.6, "table": 0.6, "rule": 0.0}
_BEHIND_HEADING: Final = 3.0
_DRAW: Final = 0.05
_LONGEST: Final = 48
"""Characters a chunk may have for each token of the capacity: a bound for runs that count as one unknown token."""


class StructuredChunker:
    """Sections first, then blocks, then what is inside a block that alone is too large.

    `max_tokens` lowers the sizer's capacity. `overlap_tokens` repeats about so many tokens of the chunk before,
    inside a section. With `heading_prefix` the heading path is embedded in front of each chunk, within the
    capacity. `trim=False` keeps blanks around chunks, so that they join to the text.
    """

    name = "structured"
    version = "1"

    def __init__(
        self,
        *,
        max_tokens: int | None = None,
        overlap_tokens: int = 0,
        heading_prefix: bool = False,
        trim: bool = True,
    ) -> None:
        if overlap_tokens < 0 or (max_tokens is not None and overlap_tokens * 2 > max_tokens):
            raise ConfigError(
                f"overlap_tokens ({overlap_tokens}) must lie between 0 and half of max_tokens ({max_tokens})"
            )
        self._max_tokens = max_tokens
        self._overlap = overlap_tokens
        self._heading_prefix = heading_prefix
        self._trim = trim

    def chunk(self, document: Document, sizer: Sizer) -> list[Chunk]:
        """The chunks in the order of the text."""
        if not document.text.strip():
            return []
        emitter = Emitter(document, trim=self._trim)
        filler = Filler(document.text, sizer, overlap=self._overlap, trim=self._trim)
        capacity = room(sizer, self._max_tokens)
        chunks = []
        for section in sections(document):
            prefix = heading_prefix(section.path, sizer, capacity) if self._heading_prefix else ""
            left = capacity - sizer.count(prefix) if prefix else capacity
            for start, end in filler.slices(section, left, prefix):
                chunk = emitter.chunk(start, end, heading_path=section.path, prefix=prefix)
                if chunk is not None:
                    chunks.append(chunk)
        return chunks


def create(
    *,
    max_tokens: int | None = None,
    overlap_tokens: int = 0,
    heading_prefix: bool = False,
    trim: bool = True,
) -> StructuredChunker:
    """The chunker of marked-up and plain text."""
    return StructuredChunker(
        max_tokens=max_tokens, overlap_tokens=overlap_tokens, heading_prefix=heading_prefix, trim=trim
    )


def room(sizer: Sizer, max_tokens: int | None) -> int:
    """Tokens a chunk may have, its prefix included."""
    return sizer.capacity if max_tokens is None else min(max_tokens, sizer.capacity)


def heading_prefix(path: tuple[str, ...], sizer: Sizer, capacity: int) -> str:
    """The heading path on a line of its own; outer headings give way where it would take a third of the room."""
    for first in range(len(path)):
        prefix = " > ".join(path[first:]) + "\n\n"
        if sizer.count(prefix) * 3 <= capacity:
            return prefix
    return ""


class Filler:
    """Cuts sections of one text into slices that fit."""

    def __init__(self, text: str, sizer: Sizer, *, overlap: int = 0, trim: bool = True) -> None:
        self._text = text
        self._overlap = overlap
        self._ruler = Ruler(text, sizer, trim=trim)

    def slices(self, section: Section, capacity: int, prefix: str = "") -> Iterator[tuple[int, int]]:
        """Slices that tile the section (each begins `overlap` tokens early, but for the first)."""
        overlap = min(self._overlap, capacity // 2)
        for start, end in self._cut(section, max(1, capacity - overlap), prefix):
            yield (self._earlier(section.start, start, overlap) if overlap else start), end

    def _cut(self, section: Section, capacity: int, prefix: str) -> Iterator[tuple[int, int]]:
        if self._fits(section.start, section.end, capacity, prefix):
            yield section.start, section.end
            return
        bounds, costs = self._pieces(section, capacity)
        positions = [self._ruler.position(bound) for bound in bounds]
        cuts = pack(positions, costs, capacity)
        for first, last in pairwise(cuts):
            yield from self._fitting(bounds[first : last + 1], capacity, prefix)

    def _pieces(self, section: Section, capacity: int) -> tuple[list[int], list[float]]:
        bounds: list[int] = []
        costs: list[float] = []
        blocks = section.blocks
        for index, block in enumerate(blocks):
            end = blocks[index + 1].start if index + 1 < len(blocks) else section.end
            behind = index > 0 and blocks[index - 1].kind == "heading"
            cost = _BEHIND_HEADING if behind else _COST[block.kind]
            bounds.append(block.start)
            costs.append(cost + _DRAW * draw(self._text, block.start))
            if self._ruler.size(block.start, end) > capacity:
                for place, inner in refine(self._text, block.start, end, block.kind, self._ruler, capacity):
                    bounds.append(place)
                    costs.append(inner)
        bounds.append(section.end)
        costs.append(0.0)
        return bounds, costs

    def _fitting(self, bounds: list[int], capacity: int, prefix: str) -> Iterator[tuple[int, int]]:
        """The slice from first to last bound, halved for as long as its own tokenisation is too long."""
        start, end = bounds[0], bounds[-1]
        if self._fits(start, end, capacity, prefix):
            yield start, end
            return
        middle = self._middle(bounds)
        if middle is None:  # one character of many tokens: nothing is left to cut
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
        """Where the repeated part begins: a word's start, within the section."""
        place = self._ruler.offset(max(0, self._ruler.position(start) - overlap))
        place = max(first, min(place, start))
        while place < start and place > first and not self._text[place - 1].isspace():
            place += 1
        return place
