"""The values that enter and leave the store. Knows no LanceDB and no Arrow, so that any room may import it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from embedingest.store.unit import USUAL_BUDGET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.store.unit import Unit, UnitKind
    from embedingest.types import Mode, Row

__all__ = [
    "CONTEXT",
    "LATE",
    "SPARSE",
    "TIME_STEP_NS",
    "VECTOR",
    "Changes",
    "ColumnModel",
    "Hit",
    "Reranking",
    "SearchQuery",
    "SearchResult",
    "Snapshot",
    "SourceState",
    "TableIdentity",
    "TableStats",
    "TextSettings",
    "Upkeep",
    "VectorIndex",
    "stored_ns",
]

VECTOR: Final = "vector"
SPARSE: Final = "sparse"
LATE: Final = "late"
CONTEXT: Final = "context"

TIME_STEP_NS: Final = 1_000
"""Time columns hold whole microseconds; rows carry nanoseconds."""


def stored_ns(nanoseconds: int) -> int:
    """The time in nanoseconds that comes back from the table when `nanoseconds` are written: the step at or before."""
    return nanoseconds // TIME_STEP_NS * TIME_STEP_NS


@dataclass(frozen=True, slots=True)
class ColumnModel:
    """The model that makes what a column beside `vector` holds; `dimensions` are those of a token's vector (`late`)."""

    fingerprint: str
    dimensions: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """What a table remembers of its making: whose vectors it holds, of which length, and our schema's version.

    `sparse` and `late` are `None` where it has no such column, and so is `context`, which is true otherwise.
    """

    fingerprint: str
    dimensions: int
    model: str = ""
    document_prompt: str = ""
    float16: bool = False
    schema_version: int = 1
    sparse: ColumnModel | None = None
    late: ColumnModel | None = None
    context: bool | None = None

    @property
    def extras(self) -> dict[str, ColumnModel]:
        """The columns beside `vector` that models make, in their order."""
        columns = {SPARSE: self.sparse, LATE: self.late}
        return {name: model for name, model in columns.items() if model is not None}


@dataclass(frozen=True, slots=True)
class Changes:
    """What one commit does, in this order: add rows, refresh rows (vectors stay), delete ids.

    `vectors` is float32 (N, D), or N of (D,); the one at i belongs to `add[i]`. So do those of `extras`, N of each
    column that the table has beside (`store/extras.py`). An id in `add` twice is added once; an id in `add` that the
    table holds already is written over, vector and all.
    """

    add: Sequence[Row] = ()
    vectors: NDArray[np.float32] | Sequence[NDArray[np.float32]] | None = None
    extras: Mapping[str, Sequence[NDArray[Any]]] = field(default_factory=dict)
    refresh: Sequence[Row] = ()
    delete: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.refresh or self.delete)


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the table says of one source.

    `rows` is how many rows there are, `chunk_count` how many each of them expects. `agreed` is false where rows
    disagree on a document-level column: an interrupted write left two versions side by side.
    """

    content_hash: str
    config_hash: str
    fingerprint: str
    chunk_count: int
    rows: int
    modified_at_ns: int
    agreed: bool = True

    @property
    def whole(self) -> bool:
        """One version, with all of its rows."""
        return self.agreed and self.rows == self.chunk_count


@dataclass(frozen=True, slots=True)
class TableStats:
    """The figures that upkeep is decided by and `status` shows. Indices by name: rows indexed, and rows not yet."""

    rows: int
    fragments: int
    small_fragments: int
    bytes: int
    versions: int
    indices: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    vector_index: VectorIndex | None = None

    @property
    def unindexed_rows(self) -> int:
        """The most rows that any index has not folded in."""
        return max((unindexed for _, unindexed in self.indices.values()), default=0)

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "bytes": self.bytes,
            "fragments": self.fragments,
            "versions": self.versions,
            "unindexed_rows": self.unindexed_rows,
            "indices": {name: {"rows": rows, "unindexed": late} for name, (rows, late) in self.indices.items()},
            "vector_index": None if self.vector_index is None else asdict(self.vector_index),
        }


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How text is cut into words for full-text search, when the index is made.

    `tokenizer` `simple` splits at blanks and punctuation, `icu` also finds the words of scripts that write none
    (Chinese, Japanese, Thai). `language` is whose stems and stop words are used.
    """

    language: str = "English"
    stem: bool = True
    stop_words: bool = True
    tokenizer: Literal["simple", "whitespace", "icu"] = "simple"
    positions: bool = False


@dataclass(frozen=True, slots=True)
class Upkeep:
    """When the table is maintained. Seconds are of age, rows are counts, shares are of all rows.

    Versions older than `retention_seconds` are removed, so no reader may take longer than that over one version;
    snapshots keep theirs. Search is exact, and rows are found without key indices, below `index_rows` rows.
    A vector index is accepted when its measured recall reaches `recall`; it is made again once the table has
    `outgrown` times the rows it was made for. Where it could not be made, that is tried again after `retry_seconds`.
    """

    text: TextSettings = TextSettings()
    retention_seconds: float = 900.0
    max_versions: int = 200
    max_fragments: int = 24
    fold_rows: int = 500
    fold_share: float = 0.005
    index_rows: int = 100_000
    recall: float = 0.97
    outgrown: float = 2.0
    retry_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """How the vector index was made, how it is searched, and how well it answered real rows.

    `recall` is recall@10 against exact search, measured after the build on `sample` rows of the table (each moved a
    little, because a query is no row), with `nprobes` partitions looked into and `refine` times the limit compared
    exactly.
    """

    kind: str
    rows: int
    nprobes: int
    refine: int
    recall: float
    sample: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A named version of the table that stays readable, whatever happens afterwards."""

    name: str
    version: int
    rows: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A query of the table.

    `vector` float32 (D,) is the embedded query, made by the engine of `fingerprint` (checked when given); mode
    `text` needs none. `sparse` are its terms, int32 (M,), and their weights, float32 (M,), `late` the vectors of its
    tokens, float32 (T, D), for tables that have such columns. `limit` hits are returned after `offset`.
    `filter` is our own small language (see `store/search/filters.py`). `group` keeps the best hit of each source.
    `context` adds that many neighbouring chunks on both sides of each hit. `explain` adds ranks and raw scores,
    `highlight` the matched stretches. `fold` shows copies of one text (as it was embedded) as one hit with its other
    `places`. `within` is a filter too, of who asks and not of the question: of what does not pass it nothing is told,
    neither as a neighbour nor as a place.

    `rerank` is how the first hits are put in order once they are found: `None` as the settings say, `False` not at all,
    `True` by the reranker of the settings or the only one there is, a text by the model of that name; it scores the
    first `rerank_candidates`. The table itself knows no reranker: see `reranking.py`.

    With the `unit` `section` or `document`, hits come with what they stand in, `budget` tokens of it at most (see
    `sections.py`), and `limit` and `offset` count these.
    """

    text: str
    vector: NDArray[np.float32] | None = None
    mode: Mode = "hybrid"
    limit: int = 10
    offset: int = 0
    filter: str | None = None
    group: bool = False
    context: int = 0
    explain: bool = False
    highlight: bool = False
    fingerprint: str | None = None
    fold: bool = True
    within: str | None = None
    sparse: tuple[NDArray[np.int32], NDArray[np.float32]] | None = None
    late: NDArray[np.float32] | None = None
    rerank: str | bool | None = None
    rerank_candidates: int | None = None
    unit: UnitKind = "chunk"
    budget: int = USUAL_BUDGET


@dataclass(frozen=True, slots=True)
class Hit:
    """One row found. A higher `score` is better: cosine for `vector`, BM25 for `text`, the dot product of the terms'
    weights for `sparse`, the sum of each token's best cosine for `late`, for `hybrid` the mean of what these are beside
    the best of each list, 0 to 1, or the number of a reranker, where one ordered the hits.

    `before` and `after` are the texts of neighbouring chunks, `explain` the score's parts, `highlights`
    half-open character ranges into `text`. `places` are the sources of the copies of this text that were folded in.
    `unit` is what it stands in, where that was asked for: then `text` and `heading_path` are the unit's.
    """

    row: Row
    score: float
    ingested_at: datetime
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    explain: Mapping[str, float | int | None] | None = None
    highlights: tuple[tuple[int, int], ...] = ()
    places: tuple[str, ...] = ()
    unit: Unit | None = None

    @property
    def source(self) -> str:
        """The name of the document in the table."""
        return self.row.source

    @property
    def text(self) -> str:
        """The text of the chunk, or of the unit."""
        return self.row.text if self.unit is None else self.unit.text

    @property
    def title(self) -> str | None:
        """The title of the document, where it has one."""
        return self.row.title

    @property
    def heading_path(self) -> tuple[str, ...]:
        """The headings above the chunk, or the unit, outermost first."""
        return self.row.heading_path if self.unit is None else self.unit.heading_path


@dataclass(frozen=True, slots=True)
class Reranking:
    """How the first hits were put in order: by which model, `by` what of it, how many it scored, how many of them in
    part, how long; and how many `tokens` it read for that.

    A `cross-encoder` reads question and text together. Any other model scores by its `token vectors`: the mean, over
    the tokens of the question, of the cosine with the nearest token of the text.
    """

    model: str
    by: Literal["cross-encoder", "token vectors"]
    candidates: int
    truncated: int
    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits, best first, and the mode that really ran (`vector` where nothing is indexed for text yet).

    `rerank` tells how the first of them were put in order, where a reranker did it.
    `measured_by` says of units whose tokens were counted: those of the `model`, or an `estimate` where it is not open.
    """

    mode: Mode
    hits: tuple[Hit, ...]
    seconds: float
    note: str | None = None
    rerank: Reranking | None = None
    measured_by: str | None = None

    def __iter__(self) -> Iterator[Hit]:
        """The hits, best first."""
        return iter(self.hits)

    def __len__(self) -> int:
        """Number of hits."""
        return len(self.hits)

    def __getitem__(self, index: int) -> Hit:
        """The hit at a rank, 0 the best."""
        return self.hits[index]
