"""Finds rows: by vector, by words, or both fused by reciprocal rank. Knows no models; the query comes embedded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ConfigError
from embedingest.store import schema as columns
from embedingest.store import text_index, vector_index
from embedingest.store.handle import check_fingerprint
from embedingest.store.predicate import one_of
from embedingest.store.schema import ROW_COLUMNS, VECTOR
from embedingest.store.search import filters
from embedingest.store.search.fusion import Candidate, Side, fuse, ranked
from embedingest.store.search.highlight import Words
from embedingest.store.search.narrow import condition
from embedingest.store.values import Hit, SearchResult, TextSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.store.handle import TableHandle
    from embedingest.store.values import Mode, SearchQuery, TableIdentity, VectorIndex
    from embedingest.types import Row

__all__ = ["MAX_CONTEXT", "MAX_LIMIT", "MAX_TEXT", "search"]

MAX_LIMIT: Final = 10_000
MAX_CONTEXT: Final = 100
MAX_TEXT: Final = 1_000_000
_LEAST_RANKS: Final = 100
"""Ranks taken from each side at least: further down one side's vote no longer moves the first page."""
_MOST_RANKS: Final = 200_000
_MEASURED_RANKS: Final = 10
"""The length of the lists with which the vector index was measured."""
_SIDES: Final[Mapping[Mode, tuple[Side, ...]]] = {
    "hybrid": ("vector", "text"),
    "vector": ("vector",),
    "text": ("text",),
}


@dataclass(frozen=True, slots=True)
class _Retrieval:
    """What both sides search with. `where` is LanceDB's form of the query's filter."""

    table: TableHandle
    query: SearchQuery
    where: Any
    index: VectorIndex | None


def search(table: TableHandle, query: SearchQuery) -> SearchResult:
    """The best rows, best first.

    Raises ConfigError (empty query, impossible limit, bad filter), FingerprintError (a query of another model),
    StoreError.
    """
    started = time.perf_counter()
    schema = table.schema
    _check(table, query, columns.identity(schema, table=table.name))
    settings = text_index.stored_settings(table)
    mode, note = _runnable(query, indexed=settings is not None)
    where = None if query.filter is None else condition(table, filters.parse(query.filter))
    retrieval = _Retrieval(table, query, where, vector_index.remembered(schema))
    lists = {side: _candidates(retrieval, side) for side in _SIDES[mode]}
    candidates = fuse(lists) if mode == "hybrid" else lists[_SIDES[mode][0]]
    page = candidates[query.offset : query.offset + query.limit]
    hits = _hits(table, page, query, settings or TextSettings())
    return SearchResult(mode, hits, time.perf_counter() - started, note)


def _check(table: TableHandle, query: SearchQuery, identity: TableIdentity) -> None:
    if not query.text.strip() and (query.vector is None or query.mode != "vector"):
        raise ConfigError("the query is empty", remedy="say what to search for")
    _within("the query's length", len(query.text), 0, MAX_TEXT)
    _within("limit", query.limit, 1, MAX_LIMIT)
    _within("offset", query.offset, 0, MAX_LIMIT)
    _within("context", query.context, 0, MAX_CONTEXT)
    if query.mode == "text":
        return
    if query.vector is None:
        raise ConfigError(f"mode `{query.mode}` needs the query's vector")
    dimensions = int(query.vector.shape[-1])
    check_fingerprint(identity, table.name, fingerprint=query.fingerprint, dimensions=dimensions)


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value}", remedy=f"it goes from {least} to {most}")


def _runnable(query: SearchQuery, *, indexed: bool) -> tuple[Mode, str | None]:
    """The mode that can run now, and what to tell where it is not the one asked for."""
    if indexed or query.mode == "vector":
        return query.mode, None
    if query.vector is not None:
        return "vector", "the text is not indexed yet: answered by vector alone"
    raise ConfigError(
        "the text of this table is not indexed yet", remedy="`embedingest optimize` indexes it; or use mode `vector`"
    )


# -- the two sides


def _candidates(retrieval: _Retrieval, side: Side) -> list[Candidate]:
    """A side's ranked candidates: at least a page of them, unless the table has fewer.

    Where documents are asked for, the rows of a few long ones may fill the list, so it grows until enough
    different ones are in it.
    """
    query = retrieval.query
    enough = max(_LEAST_RANKS, query.offset + query.limit)
    depth = enough
    while True:
        with retrieval.table.translated("search"):
            rows = _by_vector(retrieval, depth) if side == "vector" else _by_text(retrieval, depth)
        candidates = ranked(rows, side, by_source=query.group)
        if len(candidates) >= enough or len(rows) < depth or depth >= _MOST_RANKS:
            return candidates
        depth = min(_MOST_RANKS, depth * 4)


def _by_vector(retrieval: _Retrieval, depth: int) -> list[tuple[str, str, float]]:
    index = retrieval.index
    search = retrieval.table.lance.search(retrieval.query.vector, vector_column_name=VECTOR, query_type="vector")
    search = search.distance_type("cosine").limit(depth)
    if index is None:
        search = search.bypass_vector_index()
    else:
        # A longer list than the measured one is compared exactly to the same depth, so the factor is smaller.
        refine = max(2, -(-index.refine * _MEASURED_RANKS // depth))
        search = search.nprobes(index.nprobes).refine_factor(refine)
    if retrieval.where is not None:
        search = search.where(retrieval.where, prefilter=True)
    rows = search.select(["id", "source", "_distance"]).to_arrow()
    scores = [1.0 - distance for distance in rows.column("_distance").to_pylist()]
    return list(zip(rows.column("id").to_pylist(), rows.column("source").to_pylist(), scores, strict=True))


def _by_text(retrieval: _Retrieval, depth: int) -> list[tuple[str, str, float]]:
    from lancedb.query import MatchQuery

    words = MatchQuery(retrieval.query.text, "text")  # type: ignore[call-arg]  # its defaults are pydantic's
    search = retrieval.table.lance.search(words, query_type="fts").limit(depth)
    if retrieval.where is not None:
        search = search.where(retrieval.where, prefilter=True)
    rows = search.select(["id", "source", "_score"]).to_arrow()
    return list(zip(*(rows.column(name).to_pylist() for name in ("id", "source", "_score")), strict=True))


# -- what is shown


def _hits(table: TableHandle, page: Sequence[Candidate], query: SearchQuery, settings: TextSettings) -> tuple[Hit, ...]:
    if not page:
        return ()
    with table.translated("read"):
        where = one_of("id", [candidate.id for candidate in page])
        stored = table.lance.search().where(where).select([*ROW_COLUMNS, "ingested_at"]).to_arrow()
    rows = {row.id: row for row in columns.rows_of(stored)}
    times = dict(zip(stored.column("id").to_pylist(), stored.column("ingested_at").to_pylist(), strict=True))
    # A row deleted since it was ranked is left out.
    page = [candidate for candidate in page if candidate.id in rows]
    around = _neighbours(table, [rows[candidate.id] for candidate in page], query.context) if query.context else {}
    words = Words(query.text, settings) if query.highlight else None
    return tuple(
        Hit(
            rows[candidate.id],
            candidate.score,
            times[candidate.id],
            *around.get(candidate.id, ((), ())),
            explain=dict(candidate.parts) if query.explain else None,
            highlights=words.found_in(rows[candidate.id].text) if words else (),
        )
        for candidate in page
    )


def _neighbours(
    table: TableHandle, rows: Sequence[Row], reach: int
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """By row id: the texts of up to `reach` chunks before and after it, of the same version of its document."""
    from lancedb.expr import col, lit

    indices = {index for row in rows for index in range(row.chunk_index - reach, row.chunk_index + reach + 1)}
    where = one_of("source", [row.source for row in rows]) & col("chunk_index").isin([lit(index) for index in indices])
    names = ["source", "content_hash", "chunk_index", "text"]
    with table.translated("read"):
        stored = table.lance.search().where(where).select(names).to_arrow().to_pylist()
    texts = {(chunk["source"], chunk["content_hash"], chunk["chunk_index"]): chunk["text"] for chunk in stored}

    def between(row: Row, first: int, last: int) -> tuple[str, ...]:
        keys = ((row.source, row.content_hash, index) for index in range(first, last))
        return tuple(texts[key] for key in keys if key in texts)

    return {
        row.id: (
            between(row, row.chunk_index - reach, row.chunk_index),
            between(row, row.chunk_index + 1, row.chunk_index + reach + 1),
        )
        for row in rows
    }
