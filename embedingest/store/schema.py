"""The row model as Arrow: columns, their order, rows to tables and back. Opens nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from embedingest.errors import StoreError
from embedingest.store.extras import arrow_kind, matches
from embedingest.store.values import (
    CONTEXT,
    LATE,
    SPARSE,
    TIME_STEP_NS,
    VECTOR,
    ColumnModel,
    SourceState,
    TableIdentity,
)
from embedingest.types import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "COLUMNS",
    "EXTRA_COLUMNS",
    "NULLABLE",
    "ROW_COLUMNS",
    "ROW_MODEL",
    "SCHEMA_VERSION",
    "STATE_COLUMNS",
    "VECTOR",
    "Column",
    "carried",
    "check",
    "count_into",
    "foreign",
    "identity",
    "kept",
    "matrix_of",
    "nanoseconds_of",
    "now",
    "refreshed",
    "row_columns",
    "rows_of",
    "schema",
    "state_of",
    "table_of",
    "version_for",
]

SCHEMA_VERSION: Final = 2
"""Of a table with columns of `EXTRA_COLUMNS`, which versions before knew nothing of; other tables are of schema 1."""

_IDENTITY_KEY: Final = b"embedingest"

_TEXT = pa.string()
_COUNT = pa.int64()
_TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `kind` is `None` where a model makes it: each table has its length for itself.

    `since` is the version of embedingest that first wrote it; `meaning` goes into `docs/reference/columns.md`.
    """

    name: str
    kind: pa.DataType | None
    meaning: str
    nullable: bool = False
    since: str = "0.1.0"


ROW_MODEL: Final = (
    Column("id", _TEXT, "The row's key: a hash of `source`, `text_hash` and a counter for repeats in one document"),
    Column(
        "source",
        _TEXT,
        "The document: the alias of its root, `/`, the path below it; inside another file `!/` and its name there",
    ),
    Column("title", _TEXT, "The document's title", nullable=True),
    Column("text", _TEXT, "The chunk: characters `start` to `end` of the document's text"),
    Column(VECTOR, None, "The embedding of the text: D numbers, of length 1"),
    Column("text_hash", _TEXT, "A hash of `fingerprint`, the document prompt and the exact text that was embedded"),
    Column("content_hash", _TEXT, "The blake3 hash of the bytes of the file"),
    Column("chunk_index", _COUNT, "The place of the chunk in its document, from 0"),
    Column("chunk_count", _COUNT, "How many chunks the document has"),
    Column("start", _COUNT, "The chunk's first character in the document's text, from 0"),
    Column("end", _COUNT, "The character after the chunk's last"),
    Column("line_start", _COUNT, "The chunk's first line in the file, from 1; null without lines", nullable=True),
    Column("line_end", _COUNT, "The chunk's last line in the file; null without lines", nullable=True),
    Column("page", _COUNT, "The page (or slide) that the chunk begins on, from 1; null without pages", nullable=True),
    Column("heading_path", pa.list_(_TEXT), "The headings above the chunk, the outermost first"),
    Column("mime", _TEXT, "The document's media type"),
    Column("modified_at", _TIME, "When the file was last changed, UTC"),
    Column("ingested_at", _TIME, "When the row was written with its vector, UTC; a refresh of other columns keeps it"),
    Column("metadata", _TEXT, "What else is known of the document and the chunk: a JSON object"),
    Column("fingerprint", _TEXT, "The model whose vector this is"),
    Column(
        "config_hash",
        _TEXT,
        "A hash of what made the rows of this document: loader, chunker, prompt, window, metadata rules",
    ),
)
EXTRA_COLUMNS: Final = (
    Column(
        SPARSE,
        None,
        "With the setting `sparse`: the terms that the model finds in the text, a list of `token`, its number in the "
        "model's vocabulary, ascending, and `weight`",
        since="0.3.0",
    ),
    Column(
        LATE,
        None,
        "With the setting `late`: a list with the vector of each token of the text, D half-precision numbers, "
        "of length 1",
        since="0.3.0",
    ),
    Column(
        CONTEXT,
        _TEXT,
        "With the setting `context`: what was embedded in front of the text, to the letter; empty where nothing was",
        since="0.3.0",
    ),
)
"""Columns of tables that were made with the setting of their name. Models make those that have no `kind`."""

COLUMNS: Final = tuple(column.name for column in ROW_MODEL)
NULLABLE: Final = frozenset(column.name for column in ROW_MODEL if column.nullable)
ROW_COLUMNS: Final = tuple(name for name in COLUMNS if name not in (VECTOR, "ingested_at"))
"""Columns of a `Row` in every table; see `row_columns`."""
_ROW_FIELDS: Final = tuple(field.name for field in fields(Row) if field.name != CONTEXT)
_UNCHANGED: Final = tuple(name for name in ROW_COLUMNS if name not in ("heading_path", "modified_at"))
"""Columns whose values are those of the row's attribute of the same name."""


STATE_COLUMNS: Final = ("content_hash", "config_hash", "fingerprint", "chunk_count", "modified_at")
"""The document-level columns that say which version of a source a row belongs to."""


def schema(identity: TableIdentity) -> pa.Schema:
    """The schema of a table: fixed columns, `vector` of D numbers, those of further models, and the identity in the
    schema's own metadata.

    The identity travels with the schema, so that replacing a table's rows and its model is one step.
    """
    item = pa.float16() if identity.float16 else pa.float32()
    vector = pa.list_(pa.field("item", item, nullable=True), identity.dimensions)
    arrow_fields = [pa.field(c.name, vector if c.kind is None else c.kind, nullable=c.nullable) for c in ROW_MODEL]
    for name, model in identity.extras.items():
        arrow_fields.append(pa.field(name, arrow_kind(name, model.dimensions), nullable=False))
    if identity.context:
        arrow_fields.append(pa.field(CONTEXT, _TEXT, nullable=False))
    facts = {name: value for name, value in asdict(identity).items() if value is not None}
    return pa.schema(arrow_fields, metadata={_IDENTITY_KEY: json.dumps(facts, sort_keys=True).encode()})


def version_for(extras: Mapping[str, ColumnModel] | None, *, context: bool | None = None) -> int:
    """The schema of a table with these columns beside, and with or without what is embedded in front."""
    return SCHEMA_VERSION if extras or context else 1


def row_columns(stored: pa.Schema) -> list[str]:
    """The columns of a table that are in a `Row`."""
    return [*ROW_COLUMNS, *([CONTEXT] if identity(stored, table="").context else [])]


def identity(stored: pa.Schema, *, table: str) -> TableIdentity:
    """What a stored schema says of its table. Raises StoreError for a table that is not ours, or of a newer us."""
    raw = (stored.metadata or {}).get(_IDENTITY_KEY)
    if raw is None:
        raise StoreError(
            f"table `{table}` was not made by embedingest", remedy="choose another table with `--table NAME`"
        )
    known = {field.name for field in fields(TableIdentity)}
    facts: dict[str, Any] = json.loads(raw)
    if facts["schema_version"] > SCHEMA_VERSION:
        raise StoreError(
            f"table `{table}` has schema {facts['schema_version']}, this embedingest knows up to {SCHEMA_VERSION}",
            remedy="`pip install --upgrade embedingest`",
        )
    for name in (column.name for column in EXTRA_COLUMNS if column.kind is None):
        if name in facts:
            facts[name] = ColumnModel(**facts[name])
    return TableIdentity(**{name: value for name, value in facts.items() if name in known})


def carried(stored: pa.Schema) -> list[str]:
    """Columns that a refresh of a row leaves as they are: those of further models, and those of others."""
    ours = {*COLUMNS, *row_columns(stored)}
    return [name for name in stored.names if name not in ours]


def foreign(stored: pa.Schema) -> list[str]:
    """Columns that somebody else added to the table: their values are kept, and rows that are new have none."""
    ours = identity(stored, table="").extras
    return [name for name in carried(stored) if name not in ours]


def check(stored: pa.Schema, dimensions: int, *, table: str, writing: bool) -> None:
    """Refuse a table whose columns somebody changed so that it cannot be read, or not written. Raises StoreError."""
    remedy = "undo it, or make the table anew from its folders: `embedingest rebuild`"
    known = identity(stored, table=table)
    extras, context = known.extras, [CONTEXT] if known.context else []
    if lacking := [name for name in (*COLUMNS, *extras, *context) if name not in stored.names]:
        raise StoreError(
            f"table `{table}` lacks the column `{lacking[0]}`: somebody renamed or dropped it", remedy=remedy
        )
    vector = stored.field(VECTOR).type
    if not (pa.types.is_fixed_size_list(vector) and pa.types.is_floating(vector.value_type)):
        raise StoreError(f"column `{VECTOR}` of table `{table}` is {vector}, not {dimensions} numbers", remedy=remedy)
    for column in (*ROW_MODEL, *(column for column in EXTRA_COLUMNS if column.name in context)):
        if column.kind is not None and stored.field(column.name).type != column.kind:
            kind = stored.field(column.name).type
            raise StoreError(
                f"column `{column.name}` of table `{table}` is {kind}, not {column.kind}: somebody changed it",
                remedy=remedy,
            )
    for name, model in extras.items():
        if not matches(name, stored.field(name).type, model.dimensions):
            raise StoreError(
                f"column `{name}` of table `{table}` is {stored.field(name).type}, "
                f"not {arrow_kind(name, model.dimensions)}: somebody changed it",
                remedy=remedy,
            )
    if writing and (full := [name for name in foreign(stored) if not stored.field(name).nullable]):
        raise StoreError(
            f"table `{table}` has a column `{full[0]}` that is not ours and is never null, so no row can be added",
            remedy=f'`alter_columns({{"path": "{full[0]}", "nullable": True}})` with LanceDB lets rows be without one',
        )


def table_of(
    rows: Sequence[Row],
    vectors: NDArray[Any],
    target: pa.Schema,
    ingested_at: Sequence[datetime] | datetime,
    kept: pa.Table | None = None,
    extras: Mapping[str, pa.Array] | None = None,
) -> pa.Table:
    """N rows and their vectors (N, D) as an Arrow table of exactly the schema `target`.

    Columns beside have the N values of `extras`, or of `kept`, rows in the same order, or none.
    """
    width = target.field(VECTOR).type.list_size
    if vectors.shape != (len(rows), width):
        raise StoreError(f"{len(rows)} rows of {width} dimensions were to be written, vectors are {vectors.shape}")
    times = [ingested_at] * len(rows) if isinstance(ingested_at, datetime) else list(ingested_at)
    columns: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in _UNCHANGED}
    if CONTEXT in row_columns(target):
        columns[CONTEXT] = [row.context or "" for row in rows]
    columns["heading_path"] = [list(row.heading_path) for row in rows]
    columns["modified_at"] = [row.modified_at_ns // TIME_STEP_NS for row in rows]
    columns["ingested_at"] = times
    columns[VECTOR] = vector_column(vectors, target.field(VECTOR).type)
    columns |= extras or {}
    for name in carried(target):
        if name not in columns:
            columns[name] = pa.nulls(len(rows), target.field(name).type) if kept is None else kept.column(name)
    return pa.table([_column(columns[field.name], field.type) for field in target], schema=target)


def _column(values: Any, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    return values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values, kind)


def vector_column(vectors: NDArray[Any], kind: pa.DataType) -> pa.Array:
    number = kind.value_type.to_pandas_dtype()
    flat = np.ascontiguousarray(vectors, dtype=number).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat, kind.value_type), type=kind)


def matrix_of(stored: pa.Table) -> NDArray[np.float32]:
    """Column `vector` as float32 (N, D)."""
    column = stored.column(VECTOR).combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(-1, column.type.list_size)


def kept(stored: pa.Schema) -> list[str]:
    """The columns to be read of rows that are to be `refreshed`."""
    return ["id", VECTOR, "ingested_at", *carried(stored)]


def refreshed(rows: Mapping[str, Row], stored: pa.Table, target: pa.Schema) -> pa.Table:
    """Stored rows with what `rows` say of their ids; vectors, times and columns beside stay as they are."""
    present = [rows[row_id] for row_id in stored.column("id").to_pylist()]
    return table_of(present, matrix_of(stored), target, stored.column("ingested_at").to_pylist(), stored)


def rows_of(stored: pa.Table) -> list[Row]:
    """The rows of an Arrow table that has at least the columns of `row_columns`, in its order."""
    columns = {name: stored.column(name).to_pylist() for name in _UNCHANGED}
    columns["heading_path"] = [tuple(path) for path in stored.column("heading_path").to_pylist()]
    columns["modified_at_ns"] = nanoseconds_of(stored.column("modified_at"))
    facts = [columns[name] for name in _ROW_FIELDS]
    if CONTEXT in stored.column_names:
        facts.append(stored.column(CONTEXT).to_pylist())
    return [Row(*values) for values in zip(*facts, strict=True)]


def nanoseconds_of(times: pa.ChunkedArray) -> list[int]:
    """The values of a time column as nanoseconds since the epoch."""
    return [step * TIME_STEP_NS for step in times.cast(pa.int64()).to_pylist()]


def now() -> datetime:
    """The time written into `ingested_at`."""
    return datetime.now(UTC)


def count_into(counts: dict[str, dict[tuple[Any, ...], int]], part: pa.Table) -> None:
    """Add the rows of `part` to `counts`: how many of each source agree on the document-level columns."""
    grouped = part.group_by(["source", *STATE_COLUMNS]).aggregate([([], "count_all")])
    times = nanoseconds_of(grouped.column("modified_at"))
    facts = [grouped.column(name).to_pylist() for name in STATE_COLUMNS[:-1]]
    sources, numbers = grouped.column("source").to_pylist(), grouped.column("count_all").to_pylist()
    for source, time_ns, number, *rest in zip(sources, times, numbers, *facts, strict=True):
        counts[source][(*rest, time_ns)] += number


def state_of(versions: Mapping[tuple[Any, ...], int]) -> SourceState:
    """One state of a source from its versions; where they disagree, the newest by modification time speaks."""
    content_hash, config_hash, fingerprint, chunk_count, modified = max(versions, key=lambda version: version[-1])
    return SourceState(
        content_hash, config_hash, fingerprint, chunk_count, sum(versions.values()), modified, agreed=len(versions) == 1
    )
