"""Markdown, reStructuredText, AsciiDoc and plain text cut along their own structure. Knows no models.

A chunk never crosses a heading; tables and fenced blocks stay whole where they fit; cuts follow content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.chunk.emit import Emitter
from embedingest.ingest.chunk.fill import Filler
from embedingest.ingest.chunk.pack import AIM, draw
from embedingest.ingest.chunk.sections import Section, sections
from embedingest.ingest.chunk.settings import ChunkSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.chunk.fill import Piece
    from embedingest.types import Chunk, Document, Sizer

__all__ = ["StructuredChunker", "create"]

# What a cut in front of a block costs, where an empty chunk costs 1. Code and tables stay with the text above them.
_COST: Final = {"heading": 0.0, "paragraph": 0.1, "item": 0.3, "code": 0.6, "table": 0.6, "rule": 0.0}
_BEHIND_HEADING: Final = 3.0
_DRAW: Final = 0.05


class StructuredChunker:
    """Sections first, then blocks, then what is inside a block that alone is too large.

    `fill` is the size aimed at, as a share of the maximum: less re-embeds less after an edit.
    """

    name = "structured"
    version = "2"

    def __init__(self, settings: ChunkSettings, *, fill: float = AIM) -> None:
        self._settings = settings
        self._fill = fill

    def chunk(self, document: Document, sizer: Sizer) -> list[Chunk]:
        """The chunks in the order of the text; overlap stays inside a section."""
        if not document.text.strip():
            return []
        settings = self._settings
        emitter = Emitter(document, trim=settings.trim)
        filler = Filler(
            document.text, sizer, overlap_tokens=settings.overlap_tokens, trim=settings.trim, aim=self._fill
        )
        chunks = []
        for section in sections(document):
            prefix = settings.prefix(section.path, sizer)
            capacity = settings.room(sizer) - (sizer.count(prefix) if prefix else 0)
            pieces = _pieces(document.text, section)
            for start, end in filler.slices(section.start, section.end, pieces, capacity, prefix):
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
    fill: float = AIM,
) -> StructuredChunker:
    """The chunker of marked-up and plain text."""
    return StructuredChunker(ChunkSettings(max_tokens, overlap_tokens, heading_prefix, trim), fill=fill)


def _pieces(text: str, section: Section) -> Iterator[Piece]:
    behind_heading = False
    for block in section.blocks:
        cost = _BEHIND_HEADING if behind_heading else _COST[block.kind]
        yield block.start, cost + _DRAW * draw(text, block.start), block.kind
        behind_heading = block.kind == "heading"
