"""One chunk a document, where the document fits the model; else as few as fit. Knows no structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.ingest.chunk.emit import Emitter
from embedingest.ingest.chunk.fill import Filler, Piece
from embedingest.ingest.chunk.settings import ChunkSettings

if TYPE_CHECKING:
    from embedingest.types import Chunk, Document, Sizer

__all__ = ["WholeChunker", "create"]


class WholeChunker:
    """The document as it is. Nothing is cut off: a document beyond the capacity becomes several full chunks."""

    name = "whole"
    version = "1"

    def __init__(self, settings: ChunkSettings) -> None:
        self._settings = settings

    def chunk(self, document: Document, sizer: Sizer) -> list[Chunk]:
        """One chunk, or as few as fit."""
        settings = self._settings
        text = document.text
        if not text.strip():
            return []
        filler = Filler(text, sizer, overlap_tokens=settings.overlap_tokens, trim=settings.trim, aim=1.0)
        emitter = Emitter(document, trim=settings.trim)
        path = (document.title,) if document.title else ()
        prefix = settings.prefix(path, sizer)
        capacity = settings.room(sizer) - (sizer.count(prefix) if prefix else 0)
        slices = filler.slices(0, len(text), [Piece(0, 0.0, "paragraph")], capacity, prefix)
        chunks = (emitter.chunk(start, end, prefix=prefix) for start, end in slices)
        return [chunk for chunk in chunks if chunk is not None]


def create(
    *, max_tokens: int | None = None, overlap_tokens: int = 0, heading_prefix: bool = False, trim: bool = True
) -> WholeChunker:
    """The chunker that leaves documents whole; `heading_prefix` embeds the document's title in front."""
    return WholeChunker(ChunkSettings(max_tokens, overlap_tokens, heading_prefix, trim))
