"""The row model as Arrow: columns, their order, rows to tables and back. Opens nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from embedingest.errors import StoreError
from embedingest.store.values import TIME_STEP_NS, TableIdentity
from embedingest.types import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "COLUMNS",
    "ROW_COLUMNS",
    "SCHEMA_VERSION",
    "VECTOR",
    "identity",
    "nanoseconds_of",
    "now",
    "rows_of",
    "schema",
    "table_of",
]

SCHEMA_VERSION: Final = 1
VECTOR: Final = "vector"
_IDENTITY_KEY: Final = b"embedingest"

_TEXT = pa.string()
_COUNT = pa.int64()
_TIME = pa.timestamp("us", tz="UTC")
_NULLABLE: Final = frozenset({"title", "line_start", "line_end", "page"})
_TYPES: Final[dict[str, pa.DataType | None]] = {
    "id": _TEXT,
    "source": _TEXT,
    "title": _TEXT,
    "text": _TEXT,
    VECTOR: None,
    "text_hash": _TEXT,
    "content_hash": _TEXT,
    "chunk_index": _COUNT,
    "chunk_count": _COUNT,
    "start": _COUNT,
    "end": _COUNT,
    "line_start": _COUNT,
    "line_end": _COUNT,
    "page": _COUNT,
    "heading_path": pa.list_(_TEXT),
    "mime": _TEXT,
    "modified_at": _TIME,
    "ingested_at": _TIME,
    "metadata": _TEXT,
    "fingerprint": _TEXT,
    "config_hash": _TEXT,
}
COLUMNS: Final = tuple(_TYPES)
ROW_COLUMNS: Final = tuple(name for name in COLUMNS if name not in (VECTOR, "ingested_at"))
_ROW_FIELDS: Final = tuple(f.name for f in fields(Row))


def schema(identity: TableIdentity) -> pa.Schema:
    """The schema of a table: fixed columns, `vector` of D numbers, and the identity in the schema's own metadata.

    The identity travels with the schema, so that replacing a table's rows and its model is one step.
    """
    item = pa.float16() if identity.float16 else pa.float32()
    vector = pa.list_(pa.field("item", item, nullable=True), identity.dimensions)
    columns = [pa.field(n, vector if t is None else t, nullable=n in _NULLABLE) for n, t in _TYPES.items()]
    return pa.schema(columns, metadata={_IDENTITY_KEY: json.dumps(asdict(identity), sort_keys=True).encode()})


def identity(found: pa.Schema, *, table: str) -> TableIdentity:
    """What a stored schema says of its table. Raises StoreError for a table that is not ours, or of a newer us."""
    raw = (found.metadata or {}).get(_IDENTITY_KEY)
    if raw is None:
        raise StoreError(
            f"table `{table}` was not made by embedingest", remedy="choose another table with `--table NAME`"
        )
    known = {f.name for f in fields(TableIdentity)}
    said: dict[str, Any] = json.loads(raw)
    if said["schema_version"] > SCHEMA_VERSION:
        raise StoreError(
            f"table `{table}` has schema {said['schema_version']}, this embedingest knows up to {SCHEMA_VERSION}",
            remedy="`pip install --upgrade embedingest`",
        )
    return TableIdentity(**{k: v for k, v in said.items() if k in known})


def table_of(
    rows: Sequence[Row], vectors: NDArray[Any], target: pa.Schema, ingested_at: Sequence[datetime] | datetime
) -> pa.Table:
    """N rows and their vectors (N, D) as an Arrow table of exactly the schema `target`."""
    width = target.field(VECTOR).type.list_size
    if vectors.shape != (len(rows), width):
        raise StoreError(f"{len(rows)} rows of {width} dimensions were to be written, vectors are {vectors.shape}")
    times = [ingested_at] * len(rows) if isinstance(ingested_at, datetime) else list(ingested_at)
    columns: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in ROW_COLUMNS if name in _SAME}
    columns["heading_path"] = [list(row.heading_path) for row in rows]
    columns["modified_at"] = [row.modified_at_ns // TIME_STEP_NS for row in rows]
    columns["ingested_at"] = times
    columns[VECTOR] = _vector_column(vectors, target.field(VECTOR).type)
    return pa.table([_column(columns[f.name], f.type) for f in target], schema=target)


_SAME: Final = frozenset(_ROW_FIELDS) - {"heading_path"}


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind)


def _vector_column(vectors: NDArray[Any], kind: pa.DataType) -> pa.Array:
    number = np.float16 if kind.value_type == pa.float16() else np.float32
    flat = np.ascontiguousarray(vectors, dtype=number).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat, kind.value_type), type=kind)


def rows_of(found: pa.Table) -> list[Row]:
    """The rows of an Arrow table that has at least `ROW_COLUMNS`, in its order."""
    columns = {name: found.column(name).to_pylist() for name in _SAME if name != "modified_at_ns"}
    columns["heading_path"] = [tuple(path) for path in found.column("heading_path").to_pylist()]
    columns["modified_at_ns"] = nanoseconds_of(found.column("modified_at"))
    return [Row(*values) for values in zip(*(columns[name] for name in _ROW_FIELDS), strict=True)]


def nanoseconds_of(times: pa.ChunkedArray) -> list[int]:
    """The values of a time column as nanoseconds since the epoch."""
    return [step * TIME_STEP_NS for step in times.cast(pa.int64()).to_pylist()]


def now() -> datetime:
    """The time written into `ingested_at`."""
    return datetime.now(UTC)
