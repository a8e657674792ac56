"""What extraction is told, and what it gives of each file: values that travel to worker processes and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedingest.ingest.extract.weight import MAX_CHUNKS
from embedingest.ingest.load.common.legacy import FALLBACK
from embedingest.pickled import by_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.ingest.context.front import FrontSettings
    from embedingest.ingest.scan.files import FileFacts
    from embedingest.picture import PictureSource
    from embedingest.types import Chunk, Document, Sizer, TokenSource

__all__ = ["Extracted", "ExtractionSettings", "Part"]


@dataclass(frozen=True, slots=True)
class ExtractionSettings:
    """What holds for every file of a pipeline; sent to a worker once. `*_options` are options by plug-in name.

    `loaders` and `chunkers` map shell patterns over the source, or its base name, to names; the first match wins.
    What follows a `#` in a name tells one set of options of a plug-in from another. `sidecars` are the name templates
    of files with metadata for the file beside them, `dimensions` those of the vectors to come. `tokens` gives the
    tokens of what will be embedded, `prompt` before it, where the engine takes them. `pictures` makes pictures ready
    for a model that takes them. `front` says what stands before a chunk beside its headings.
    """

    sizer: Sizer
    tokens: TokenSource | None = None
    pictures: PictureSource | None = None
    prompt: str = ""
    loaders: Mapping[str, str] = field(default_factory=dict)
    loader_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    chunker: str = "auto"
    chunkers: Mapping[str, str] = field(default_factory=dict)
    chunker_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    max_bytes: int = 256 * 2**20
    max_chunks: int = MAX_CHUNKS
    dimensions: int = 384
    sidecars: tuple[str, ...] = ()
    fallback_encoding: str = FALLBACK
    front: FrontSettings | None = None


@by_fields
@dataclass(frozen=True, slots=True)
class Part:
    """One document of a file: the file's own, or one inside it. Its text and spans are left out, its length is not.

    `tokens` are those of what is embedded of each chunk; there are none where the engine makes them itself.
    """

    document: Document
    chunks: tuple[Chunk, ...]
    characters: int
    chunker: str
    chunker_version: str
    tokens: tuple[Sequence[int], ...] = ()


@by_fields
@dataclass(frozen=True, slots=True)
class Extracted:
    """What one file gave. `parts` begins with the file's own document; it is empty where the hash was known.

    `before` and `after` are the facts around the reading: where they differ the file was being written, and the
    bytes may be no version of it at all. `metadata` is what a sidecar says of it, `problem` why one says nothing;
    content hash and facts cover the sidecar too. `racy`: another change may leave the same facts (see `is_racy`).
    `seconds` has `read`, `load` and `chunk`. `weight` is about how many
    bytes of memory its rows will take.
    """

    source: str
    content_hash: str
    before: FileFacts
    after: FileFacts
    loader: str = ""
    loader_version: str = ""
    parts: tuple[Part, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    weight: int = 0
    racy: bool = False

    @property
    def moved(self) -> bool:
        """Whether the file changed while it was read."""
        return self.before != self.after

    @property
    def settled(self) -> bool:
        """Whether the facts will tell of the next change of the file."""
        return not self.moved and not self.racy
