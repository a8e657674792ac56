"""What the rows of one file will weigh in memory, and the most that one file may. Knows no rows, only what makes them.

All rows of a file are compared, embedded and written together, so that no reader sees less than one complete version
of it: they have to fit.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.types import Chunk, Document

__all__ = ["CHUNK_BYTES", "MAX_CHUNKS", "RowsWeight"]

MAX_CHUNKS: Final = 50_000
"""Chunks of one file, unless a setting says otherwise."""

CHUNK_BYTES: Final = 4096
"""What a chunk may weigh where as many as are allowed fit, as one of a thousand letters and 384 dimensions does.

Measured, a run takes up to two and a half times what the rows of its largest file weigh: they are held as rows, as what
is written, and as what the text index makes of their words.
"""

_TOKEN_BYTES: Final = 4
_ROW_BYTES: Final = 1536  # ids, hashes, places and the objects that hold them


class RowsWeight:
    """Counts the rows of the file `source` as its documents are cut. `sidecar` is what every row repeats."""

    def __init__(self, source: str, most_chunks: int, dimensions: int, sidecar: Mapping[str, Any]) -> None:
        self.bytes = 0
        self._source = source
        self._most = most_chunks
        self._chunks = 0
        self._row_bytes = _ROW_BYTES + 4 * dimensions
        self._sidecar = len(str(sidecar))

    def add(self, document: Document, chunks: Sequence[Chunk], tokens: Sequence[Sequence[int]] = ()) -> None:
        """Count the chunks of one document and their tokens. Raises DocumentError (`too_large`)."""
        self._chunks += len(chunks)
        if self._chunks > self._most:
            raise self._too_large(f"{self._chunks:,} chunks, and a file may have {self._most:,}")
        self.bytes += len(document.text)  # kept where others are asked about it
        repeated = len(str(document.metadata)) + self._sidecar
        path: tuple[str, ...] = ()
        headings = 0
        for chunk in chunks:
            if chunk.heading_path is not path:
                path, headings = chunk.heading_path, sum(map(len, chunk.heading_path))
            # A text is held once where it is embedded as it is stored.
            text = sys.getsizeof(chunk.text) + (sys.getsizeof(chunk.prefix + chunk.text) if chunk.prefix else 0)
            own = repeated + len(str(chunk.metadata)) if chunk.metadata else 0
            own += len(chunk.picture.pixels) if chunk.picture is not None else 0
            self.bytes += self._row_bytes + text + headings + own
        self.bytes += _TOKEN_BYTES * sum(map(len, tokens))
        most = self._most * CHUNK_BYTES
        if self.bytes > most:
            what = f"{self._chunks:,} chunks of {self.bytes // self._chunks:,} bytes"
            raise self._too_large(f"{what}, and a file may have {most // 2**20:,} MiB of them")

    def _too_large(self, reason: str) -> DocumentError:
        return DocumentError(
            f"{self._source} is too large: {reason}",
            source=self._source,
            code="too_large",
            remedy="part it into several files, or raise `load.max_chunks`",
        )
