"""Source code cut along its syntax tree: functions and classes whole where they fit, with their enclosing names.

Knows languages through tree-sitter grammars only; a language without one is cut at blank lines and indentation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.chunk.emit import Emitter
from embedingest.ingest.chunk.entries import LANGUAGES, Entries
from embedingest.ingest.chunk.fill import Filler, Piece
from embedingest.ingest.chunk.pack import draw
from embedingest.ingest.chunk.settings import ChunkSettings
from embedingest.ingest.chunk.syntax import Syntax, parse

if TYPE_CHECKING:
    from embedingest.types import Chunk, Document, Sizer

__all__ = ["CodeChunker", "create"]

_AIM: Final = 0.75
_DRAW: Final = 0.05


class CodeChunker:
    """`heading_path` of a chunk are the names around it; `metadata` has them with dots as `symbol`, and the `language`.

    JSON and YAML are cut between entries, and what is cut has the keys around it embedded in front.
    Sources above `max_syntax_bytes` are cut without a syntax tree. Overlap repeats lines as any text.
    """

    name = "code"
    version = "4"

    def __init__(self, settings: ChunkSettings, *, max_syntax_bytes: int = 4 * 2**20) -> None:
        self._settings = settings
        self._max_syntax_bytes = max_syntax_bytes

    def chunk(self, document: Document, sizer: Sizer) -> list[Chunk]:
        """The chunks in the order of the source."""
        text = document.text
        if not text.strip():
            return []
        settings = self._settings
        syntax = self._structure(document)
        settings = replace(settings, heading_prefix=True) if isinstance(syntax, Entries) else settings
        filler = Filler(text, sizer, overlap_tokens=settings.overlap_tokens, trim=settings.trim, aim=_AIM)
        emitter = Emitter(document, trim=settings.trim)
        room = settings.room(sizer)
        # The names around a chunk are known only once it is cut, so their room is kept free from the start.
        reserve = room // 6 if settings.heading_prefix else 0
        pieces = _pieces(text, syntax, filler, room - reserve)
        chunks = []
        for start, end in filler.slices(0, len(text), pieces, room - reserve):
            path = syntax.path(start, end) if syntax else ()
            prefix = _prefix(settings, path, sizer, reserve)
            facts: dict[str, Any] = {"language": document.language} if document.language else {}
            if path:
                facts["symbol"] = ".".join(path)
            chunk = emitter.chunk(start, end, heading_path=path, prefix=prefix, metadata=facts)
            if chunk is not None:
                chunks.append(chunk)
        return chunks

    def _structure(self, document: Document) -> Syntax | Entries | None:
        if document.language in LANGUAGES:
            return Entries(document.text, document.language) if len(document.text) <= self._max_syntax_bytes else None
        return parse(document.text, document.language, self._max_syntax_bytes)


def create(
    *,
    max_tokens: int | None = None,
    overlap_tokens: int = 0,
    heading_prefix: bool = False,
    trim: bool = True,
    max_syntax_bytes: int = 4 * 2**20,
) -> CodeChunker:
    """The chunker of source code."""
    return CodeChunker(
        ChunkSettings(max_tokens, overlap_tokens, heading_prefix, trim), max_syntax_bytes=max_syntax_bytes
    )


def _prefix(settings: ChunkSettings, path: tuple[str, ...], sizer: Sizer, reserve: int) -> str:
    prefix = settings.prefix(path, sizer)
    # Two tokens are kept for what may change where prefix and text meet.
    return prefix if prefix and sizer.count(prefix) + 2 <= reserve else ""


def _pieces(text: str, syntax: Syntax | Entries | None, filler: Filler, capacity: int) -> list[Piece]:
    if syntax is None:
        return [Piece(0, 0.0, "code")]
    places = syntax.places(lambda start, end: filler.size(start, end) > capacity)
    pieces: list[Piece] = [Piece(0, 0.0, "code")]
    for place, cost in places:
        if place > pieces[-1].start:
            pieces.append(Piece(place, cost + _DRAW * draw(text, place), "code"))
    return pieces
