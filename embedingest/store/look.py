"""What is shown of a table beside hits: one document's rows, one chunk's vector, which documents there are."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.store import schema as columns
from embedingest.store.predicate import equals
from embedingest.store.schema import VECTOR
from embedingest.store.search.filters import parse
from embedingest.store.search.narrow import columns_within, condition, confined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from embedingest.store.table import ChunkTable
    from embedingest.types import Row

__all__ = ["chunk_vector", "document_rows", "documents", "extent", "stretches", "table_version"]

_BATCH_ROWS: Final = 65_536
_STRETCHES: Final = 32  # asked for at once


def document_rows(table: ChunkTable, source: str, within: str | None = None) -> list[tuple[Row, datetime]]:
    """The rows of a document that pass the filter, in chunk order, each with the time at which it was written.

    Raises ConfigError for a filter that is none, StoreError.
    """
    stored = _selected(table, equals("source", source), within, "ingested_at")
    found = zip(columns.rows_of(stored), stored.column("ingested_at").to_pylist(), strict=True)
    return sorted(found, key=lambda pair: (pair[0].chunk_index, pair[0].id))


def stretches(table: ChunkTable, wanted: Sequence[tuple[str, int, int]], within: str | None = None) -> list[Row]:
    """The rows that pass the filter, in no order, of some stretches: source, first chunk and last.

    Stretches of one document may share chunks. Raises ConfigError for a filter that is none, StoreError.
    """
    from lancedb.expr import col, lit

    rows: list[Row] = []
    for first in range(0, len(wanted), _STRETCHES):
        places = [
            equals("source", source) & (col("chunk_index") >= lit(begin)) & (col("chunk_index") <= lit(end))
            for source, begin, end in wanted[first : first + _STRETCHES]
        ]
        where = functools.reduce(operator.or_, places)
        rows += columns.rows_of(_selected(table, where, within))
    return rows


def chunk_vector(table: ChunkTable, chunk: str, within: str | None = None) -> tuple[Row, NDArray[np.float32]] | None:
    """The row of this id with its vector, float32 (D,); `None` where there is none, or it does not pass the filter."""
    stored = _selected(table, equals("id", chunk), within, VECTOR)
    if not stored.num_rows:
        return None
    return columns.rows_of(stored)[0], np.asarray(stored.column(VECTOR)[0].as_py(), dtype=np.float32)


def documents(table: ChunkTable, within: str | None = None) -> Iterator[tuple[str, str]]:
    """Source and media type of each document of which a chunk passes the filter. Streams; holds the names alone."""
    # Where everything may be seen, a document's first chunk stands for it.
    where = equals("chunk_index", 0) if within is None else condition(table.handle, parse(within))
    seen: set[str] = set()
    with table.handle.translated("read"):
        found = table.handle.lance.search().where(where).select(["source", "mime"])
        for batch in found.to_batches(batch_size=_BATCH_ROWS):
            for source, mime in zip(*(batch.column(name).to_pylist() for name in ("source", "mime")), strict=True):
                if source not in seen:
                    seen.add(source)
                    yield source, mime


def extent(table: ChunkTable, within: str) -> tuple[int, int]:
    """How many documents and chunks pass the filter. Streams; holds the names of the documents alone."""
    sources: set[str] = set()
    chunks = 0
    with table.handle.translated("read"):
        found = table.handle.lance.search().where(condition(table.handle, parse(within))).select(["source"])
        for batch in found.to_batches(batch_size=_BATCH_ROWS):
            chunks += batch.num_rows
            sources.update(batch.column("source").to_pylist())
    return len(sources), chunks


def table_version(table: ChunkTable) -> int:
    """The number of the table's version as it is now; each commit makes another. Raises StoreError."""
    with table.handle.translated("read"):
        return int(table.handle.lance.version)


def _selected(table: ChunkTable, where: Any, within: str | None, *also: str) -> Any:
    """What passes, with the columns of a `Row` that may be seen and these."""
    names = [*columns_within(table.schema, within), *also]
    with table.handle.translated("read"):
        return table.handle.lance.search().where(confined(table.handle, where, within)).select(names).to_arrow()
