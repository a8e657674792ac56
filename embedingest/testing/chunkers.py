"""What every chunker owes, over documents of every markup. Knows the seam, no way of cutting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.chunk import Chunker
from embedingest.testing.contract import Check, claims
from embedingest.testing.texts import DOCUMENTS
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.types import Chunk

__all__ = ["CHECKS"]

_CAPACITIES: Final = (16, 64, 254)


def owes_its_facts(chunker: Chunker) -> None:
    """States its name and version."""
    assert isinstance(chunker, Chunker), "it lacks a member of the Chunker protocol"
    assert chunker.name, "its name is empty"
    assert chunker.version, "its version is empty"


def owes_exact_offsets(chunker: Chunker) -> None:
    """Offsets slice the document's text to exactly the chunk's text; starts ascend."""
    for document, _, chunks in _cuts(chunker):
        for chunk in chunks:
            assert document.text[chunk.start : chunk.end] == chunk.text, f"{document.source}: offsets miss the text"
        starts = [chunk.start for chunk in chunks]
        assert starts == sorted(starts), f"{document.source}: chunks are out of order"


def owes_chunks_that_fit(chunker: Chunker) -> None:
    """Prefix and text of each chunk fit the capacity."""
    for document, sizer, chunks in _cuts(chunker):
        for chunk in chunks:
            count = sizer.count(chunk.prefix + chunk.text)
            assert count <= sizer.capacity, f"{document.source}: {count} tokens, {sizer.capacity} fit"


def owes_no_blank_chunk(chunker: Chunker) -> None:
    """No chunk is blank; an empty or blank document has none; all words are in some chunk."""
    for document, _, chunks in _cuts(chunker):
        assert all(chunk.text.strip() for chunk in chunks), f"{document.source}: a blank chunk"
        covered = "".join(chunk.text for chunk in chunks)
        missing = set(document.text.split()) and not covered.strip()
        assert not missing, f"{document.source}: nothing of the text is in a chunk"
    for text in ("", " \n\t\n "):
        chunks = chunker.chunk(Document(source="empty", text=text), HashingSizer(64))
        assert chunks == [], f"{len(chunks)} chunks of {text!r}"


def owes_lines(chunker: Chunker) -> None:
    """Line numbers count from 1 and do not run backwards; a document without lines has none."""
    for document, _, chunks in _cuts(chunker):
        for chunk in chunks:
            place = f"{document.source}: {chunk.line_start}-{chunk.line_end}"
            if chunk.line_start is None or chunk.line_end is None:
                assert not document.has_lines, place
                assert chunk.line_start is chunk.line_end, place
            else:
                assert document.has_lines, place
                assert 1 <= chunk.line_start <= chunk.line_end, place


def owes_the_same_again(chunker: Chunker) -> None:
    """The same document and sizer give the same chunks."""
    for document, sizer, chunks in _cuts(chunker):
        assert chunker.chunk(document, sizer) == chunks, f"{document.source}: a second call cut elsewhere"


def _cuts(chunker: Chunker) -> Iterator[tuple[Document, HashingSizer, list[Chunk]]]:
    for document in DOCUMENTS:
        for capacity in _CAPACITIES:
            sizer = HashingSizer(capacity)
            yield document, sizer, chunker.chunk(document, sizer)


CHECKS: Final[tuple[Check, ...]] = claims(globals())
