"""The values that travel between rooms, and the small protocols two rooms share.

Knows nothing of ours and imports nothing heavy. Letters for shapes, everywhere: N texts, T tokens, D dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, get_args, runtime_checkable

from embedingest.pickled import by_fields

if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.picture import Picture

__all__ = [
    "CANDIDATES",
    "DEFAULT_DB",
    "DEFAULT_MODEL",
    "DEFAULT_STATE",
    "DEFAULT_TABLE",
    "MODES",
    "MOST_CANDIDATES",
    "Chunk",
    "Document",
    "Embeddings",
    "LateEmbeddings",
    "Mode",
    "ModelInfo",
    "Reranked",
    "Row",
    "Sizer",
    "Span",
    "SparseEmbeddings",
    "TokenSource",
]

CANDIDATES: Final = 20
"""Hits that a reranker scores where nobody says how many."""

MOST_CANDIDATES: Final = 1000
"""Hits that it may be told to score."""

DEFAULT_MODEL: Final = "all-minilm"
"""The model where none is named."""

DEFAULT_STATE: Final = ".embedingest"
"""The folder for journal, vector cache and locks where none is named."""

DEFAULT_DB: Final = f"{DEFAULT_STATE}/lancedb"
"""The database where none is named."""

DEFAULT_TABLE: Final = "chunks"
"""The table where none is named."""

Mode = Literal["hybrid", "vector", "text", "sparse", "late"]

MODES: Final[tuple[Mode, ...]] = get_args(Mode)
"""By what a table can be searched; `sparse` and `late` where it has a column of that name."""

Markup = Literal["text", "markdown", "code", "rows"]
ModelKind = Literal["embedding", "reranker", "sparse", "late"]


@by_fields
@dataclass(frozen=True, slots=True)
class Span:
    """Where a stretch of a document's text came from.

    `start` and `end` are character offsets into `Document.text`, half open. `kind` names the unit
    (`page`, `slide`, `sheet`, `rows`, `cell`, `message`, `symbol`, `heading`, `line`), `value` says which one.
    Pages, slides and lines count from 1. A `line` span says which line of the file its first line is, where the
    lines of the text are not simply those of the file.
    """

    start: int
    end: int
    kind: str
    value: str | int


@by_fields
@dataclass(frozen=True, slots=True)
class Document:
    """One extracted document.

    `text` is what chunks are cut from; every offset counts its characters (Unicode code points).
    `markup` picks the chunker when no setting does; `language` is the programming language of code.
    Without `has_lines` no line of `text` is known to be a line of the file (PDF, Word, books).
    `children` are documents inside this one (attachments, archive members), with sources of their own.
    `notices` counts what could not be kept, by reason (`undecodable`, `skipped_images`, …): nothing is silent.
    `picture` is of a document that is one: a model that takes pictures embeds it, and `text` is what is known of it in
    words, which is stored and searched, and embedded by every other model.
    A loader fills what it knows; the walk fills `content_hash` and `modified_at_ns`.
    """

    source: str
    text: str
    markup: Markup = "text"
    mime: str = "text/plain"
    title: str | None = None
    language: str | None = None
    has_lines: bool = True
    spans: tuple[Span, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)
    children: tuple[Document, ...] = ()
    content_hash: str = ""
    modified_at_ns: int = 0
    picture: Picture | None = None


@by_fields
@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of a document that is embedded and stored as one row.

    Always `document.text[start:end] == text`. `prefix` (a heading path, by setting) is embedded in front of
    the text and never stored as part of it. Lines are those of the file, from 1, both ends
    included; `None` where the format has none. `metadata` is what is
    true of this chunk alone (cell, sheet and rows, symbol, message id). `picture` is embedded in the place of the text.
    """

    text: str
    start: int
    end: int
    line_start: int | None
    line_end: int | None
    page: int | None = None
    heading_path: tuple[str, ...] = ()
    prefix: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table without its vector and its `ingested_at`; the field order is the column order.

    `id` comes from content (source, text_hash, occurrence) and never from positions. `metadata` is canonical
    JSON. `modified_at_ns` is stored as a UTC timestamp of microseconds in column `modified_at`. `context` is what was
    embedded in front of the text; `None` where the table has no such column.
    """

    id: str
    source: str
    title: str | None
    text: str
    text_hash: str
    content_hash: str
    chunk_index: int
    chunk_count: int
    start: int
    end: int
    line_start: int | None
    line_end: int | None
    page: int | None
    heading_path: tuple[str, ...]
    mime: str
    modified_at_ns: int
    metadata: str
    fingerprint: str
    config_hash: str
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What the engine answers: row i belongs to text i.

    `vectors` is float32 (N, D), every row of unit length (an all-zero row stays zero). `token_counts` is int64
    (N,): tokens really processed, special tokens included, after any cut. `truncated` lists the indices of the
    texts that were cut. Durations are seconds; `load_seconds` is the wait until the model was ready.
    """

    vectors: NDArray[np.float32]
    token_counts: NDArray[np.int64]
    truncated: tuple[int, ...]
    fingerprint: str
    model: str
    load_seconds: float = 0.0
    total_seconds: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Sum of `token_counts`: what Ollama calls `prompt_eval_count` (case 103)."""
        return int(self.token_counts.sum())


@dataclass(frozen=True, slots=True)
class SparseEmbeddings:
    """What a sparse model answers for N texts: of each, weights for some of the V tokens of its vocabulary.

    Text i has `tokens[offsets[i]:offsets[i + 1]]`, ascending, each with the weight (above 0) at the same place of
    `weights`. `offsets` is int64 (N + 1,), `tokens` int32 (M,), `weights` float32 (M,). The rest is as in `Embeddings`.
    """

    offsets: NDArray[np.int64]
    tokens: NDArray[np.int32]
    weights: NDArray[np.float32]
    token_counts: NDArray[np.int64]
    truncated: tuple[int, ...]
    fingerprint: str
    model: str
    load_seconds: float = 0.0
    total_seconds: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LateEmbeddings:
    """What a late interaction model answers for N texts: of each, a vector for every token that counts.

    Text i has `vectors[offsets[i]:offsets[i + 1]]`. `offsets` is int64 (N + 1,), `vectors` float32 (M, D), every row of
    unit length. The rest is as in `Embeddings`; `token_counts` counts what the model reads, so that a text may have
    fewer vectors (punctuation that is skipped).
    """

    offsets: NDArray[np.int64]
    vectors: NDArray[np.float32]
    token_counts: NDArray[np.int64]
    truncated: tuple[int, ...]
    fingerprint: str
    model: str
    load_seconds: float = 0.0
    total_seconds: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reranked:
    """What a reranker answers: score i says how well document i answers the query, higher for better.

    `scores` is float32 (N,), as the model's makers have it: between 0 and 1 where they put it through a sigmoid.
    `token_counts` is int64 (N,): tokens of each pair, query and special tokens included, after any cut. `truncated`
    lists the documents whose pair was cut. Durations are seconds; `load_seconds` is the wait until the model was ready.
    """

    scores: NDArray[np.float32]
    token_counts: NDArray[np.int64]
    truncated: tuple[int, ...]
    fingerprint: str
    model: str
    load_seconds: float = 0.0
    total_seconds: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Sum of `token_counts`."""
        return int(self.token_counts.sum())

    @property
    def order(self) -> list[int]:
        """The documents by their scores, the best first; those of equal scores as they were given."""
        places: list[int] = (-self.scores).argsort(kind="stable").tolist()
        return places


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a named model without loading its weights.

    `max_tokens` is the window that is honoured, special tokens included; `context_length` is the number of
    positions the model has. `prompts` are the model's own sentence-transformers prompts by name. `aliases` are other
    names that people know the model by. `routes` is of a model that embeds queries and documents by different modules:
    for each role (`""`: of no role) the role that stands for its modules; sizes and windows are those of documents.
    A `reranker` scores pairs of texts: it has no dimensions, and its window is that of a pair. A `sparse` model gives
    weights for tokens: its dimensions are the words of its vocabulary. A `late` one gives a vector for each token: its
    dimensions are those of one, and its window is that of documents. `token_dimensions` are those of the vectors of
    tokens that can be had, of a late model or of a transformer; 0 where there are none. `pooling` are the kinds joined.
    """

    name: str
    fingerprint: str
    dimensions: int
    max_tokens: int
    context_length: int
    special_tokens: int
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    architecture: str = "unknown"
    parameters: int = 0
    size_bytes: int = 0
    digest: str = ""
    modified_at: float = 0.0
    path: str | None = None
    aliases: tuple[str, ...] = ()
    routes: Mapping[str, str] = field(default_factory=dict)
    kind: ModelKind = "embedding"
    token_dimensions: int = 0
    pooling: tuple[str, ...] = ()

    def name_for(self, role: str, name: str | None = None) -> str:
        """The name by which an engine is asked for texts of a role: `name`, with the role where that has modules of its
        own (`m:query`).
        """
        name = self.name if name is None else name
        return f"{name}:{role}" if self.routes else name

    def prompt(self, role: str) -> str:
        """The text put in front of a `query` or a `document`; empty where the model names none."""
        names = ("document", "passage", "corpus") if role == "document" else (role,)
        return next((self.prompts[n] for n in names if n in self.prompts), "")


@runtime_checkable
class Sizer(Protocol):
    """Counts the tokens of the model in use, special tokens left out. Picklable; imports no torch.

    `capacity` is how many tokens prefix and text of one chunk may hold together: the model's window less its
    special tokens and the document prompt.
    """

    @property
    def capacity(self) -> int: ...

    def count(self, text: str) -> int:
        """Number of content tokens of `text`, as the engine will count them."""
        ...

    def starts(self, text: str) -> Sequence[int]:
        """Character offset in `text` at which each content token starts, ascending; length is `count(text)`."""
        ...


@runtime_checkable
class TokenSource(Protocol):
    """A sizer that gives the tokens themselves, just as the engine would make them: it takes them instead of the text.

    `parts_at_blanks`: a text cut at spaces, tabs and ends of lines has the tokens of its parts, one after another.
    """

    @property
    def parts_at_blanks(self) -> bool: ...

    def tokens(self, texts: Sequence[str]) -> list[Sequence[int]]:
        """The content tokens of each of N texts."""
        ...

    def placed(self, text: str) -> tuple[list[int], array[int]]:
        """The character offset in `text` at which each content token starts, and the tokens."""
        ...
