"""A sample of the table's rows with their vectors, the same rows as long as they are there. Knows no axes.

Ids are hashes, so the rows of the smallest ids are a sample like any other drawn by lot; and a row that comes or goes
changes it by that row at most, which a lot drawn anew does not.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.store.predicate import batches, one_of
from embedingest.store.schema import VECTOR, matrix_of
from embedingest.store.search import filters
from embedingest.store.search.narrow import condition, confined

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from embedingest.store.table import ChunkTable

__all__ = ["Sample", "SampledRow", "sample", "vectors_of"]

_COLUMNS: Final = ("id", "source", "title", "text", "page", "line_start", "chunk_index", "mime")
_WORDS_CHARACTERS: Final = 200
_BATCH_ROWS: Final = 65_536
_MARGIN: Final = 1.1
"""Asked for so many times as many ids as are wanted, by where hashes ought to lie."""
_ID_SPACE: Final = 16**8
"""Ids are compared by their first eight hexadecimal digits when it is reckoned where they ought to lie."""


@dataclass(frozen=True, slots=True)
class SampledRow:
    """What is told of a row on the map; `words` are the first characters of its text."""

    id: str
    source: str
    title: str | None
    words: str
    page: int | None
    line_start: int | None
    chunk_index: int
    mime: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows and their vectors, float32 (N, D), all of them numbers; `total` is how many rows they stand for."""

    rows: tuple[SampledRow, ...]
    vectors: NDArray[np.float32]
    total: int


def sample(table: ChunkTable, most: int, *, within: str | None = None) -> Sample:
    """At most `most` of the rows that pass the filter `within`, which is in the language of searches.

    Memory grows with `most`, not with the table. Raises ConfigError for a bad filter, StoreError.
    """
    where = None if within is None else condition(table.handle, filters.parse(within))
    last, total = _last_id(table, where, most)
    if last is None:
        return Sample((), np.zeros((0, table.identity.dimensions), np.float32), 0)
    chosen = _up_to(last) if where is None else _up_to(last) & where
    with table.handle.translated("read"):
        stored = table.handle.lance.search().where(chosen).select([*_COLUMNS, VECTOR]).to_arrow()
    return _sampled(stored, most, total)


def vectors_of(table: ChunkTable, ids: Sequence[str], *, within: str | None = None) -> dict[str, NDArray[np.float32]]:
    """The vector, float32 (D,), of each id whose row is there, passes `within` and has one of numbers."""
    found: dict[str, NDArray[np.float32]] = {}
    for batch in batches(ids):
        where = confined(table.handle, one_of("id", batch), within)
        with table.handle.translated("read"):
            stored = table.handle.lance.search().where(where).select(["id", VECTOR]).to_arrow()
        matrix = matrix_of(stored)
        keys = stored.column("id").to_pylist()
        found.update((keys[i], matrix[i]) for i in np.flatnonzero(np.isfinite(matrix).all(axis=1)))
    return found


def _last_id(table: ChunkTable, where: Any, most: int) -> tuple[str | None, int]:
    """The greatest of the `most` smallest ids, and how many rows there are in all; no id where there are none."""
    if where is None and (total := table.count()) > most * 2:
        smallest, found = _smallest(table, _up_to(f"{int(_ID_SPACE * most * _MARGIN / total):08x}"), most)
        if found >= most:  # else these are no hashes
            return smallest[-1], total
    smallest, found = _smallest(table, where, most)
    return (smallest[-1] if smallest else None), found


def _smallest(table: ChunkTable, where: Any, most: int) -> tuple[list[str], int]:
    """The `most` smallest ids, ascending, and how many there are: one pass over the ids, of which few are kept."""
    smallest: list[str] = []
    found = 0
    with table.handle.translated("read"):
        search = table.handle.lance.search()
        chosen = (search if where is None else search.where(where)).select(["id"])
        for batch in chosen.to_batches(batch_size=_BATCH_ROWS):
            found += batch.num_rows
            smallest = heapq.nsmallest(most, [*smallest, *batch.column("id").to_pylist()])
    return smallest, found


def _up_to(last: str) -> Any:
    from lancedb.expr import col, lit

    return col("id") <= lit(last)


def _sampled(stored: pa.Table, most: int, total: int) -> Sample:
    """The rows in the order of their ids; those whose vectors hold what is no number are left out."""
    ids = stored.column("id").to_pylist()
    order = sorted(range(len(ids)), key=ids.__getitem__)[:most]
    matrix = matrix_of(stored)[order]
    is_whole: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(matrix), axis=1)
    columns = [stored.column(name).take(order).to_pylist() for name in _COLUMNS]
    rows = [_row(*values) for values, whole in zip(zip(*columns, strict=True), is_whole, strict=True) if whole]
    return Sample(tuple(rows), matrix[is_whole], total)


def _row(key: str, source: str, title: str | None, text: str, *rest: Any) -> SampledRow:
    return SampledRow(key, source, title, " ".join(text[: _WORDS_CHARACTERS * 2].split())[:_WORDS_CHARACTERS], *rest)
