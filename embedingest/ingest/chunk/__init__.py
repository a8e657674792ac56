"""Documents to chunks that fit the model. Knows no models: it is handed a sizer.

A chunker is created by name through the registry, in worker processes too: its factory takes its settings as
keyword arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from embedingest.types import Chunk, Document, Sizer

__all__ = ["Chunker"]


@runtime_checkable
class Chunker(Protocol):
    """Cuts one document.

    For every chunk: `document.text[chunk.start:chunk.end] == chunk.text`; the sizer counts at most its capacity
    for `prefix + text`; the text is never blank. The same document and sizer give the same chunks. With trimming
    off and no overlap the chunks join to the document's text. `version` changes whenever the same input would
    give other chunks.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def chunk(self, document: Document, sizer: Sizer) -> list[Chunk]:
        """The chunks in the order of the text; none for a document that is empty or blank."""
        ...
