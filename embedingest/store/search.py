"""Finds rows: by vector, by words, or both fused by reciprocal rank. Knows no models; the query comes embedded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ConfigError
from embedingest.store import filters, vector_index
from embedingest.store import schema as columns
from embedingest.store.fusion import Candidate, Side, fuse, ranked
from embedingest.store.highlight import Words
from embedingest.store.maintain import TEXT_INDEX
from embedingest.store.narrow import condition
from embedingest.store.predicate import one_of
from embedingest.store.schema import ROW_COLUMNS, VECTOR
from embedingest.store.values import Hit, SearchResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.store.table import ChunkTable
    from embedingest.store.values import Mode, SearchQuery, TableIdentity, VectorIndex
    from embedingest.types import Row

__all__ = ["MAX_CONTEXT", "MAX_LIMIT", "MAX_TEXT", "search"]

MAX_LIMIT: Final = 10_000
MAX_CONTEXT: Final = 100
MAX_TEXT: Final = 1_000_000
_DEPTH: Final = 100
"""Ranks taken from each side at least: further down one side's vote no longer moves the first page."""
_DEEPEST: Final = 200_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What both sides are asked with."""

    table: ChunkTable
    query: SearchQuery
    where: Any
    index: VectorIndex | None


def search(table: ChunkTable, query: SearchQuery) -> SearchResult:
    """The best rows, best first.

    Raises ConfigError (empty query, impossible limit, bad filter), FingerprintError (a query of another model),
    StoreError.
    """
    started = time.perf_counter()
    schema = table.schema
    _check(table, query, columns.identity(schema, table=table.name))
    details = _text_index(table)
    mode, note = _runnable(query, indexed=details is not None)
    where = None if query.filter is None else condition(table, filters.parse(query.filter))
    asked = _Asked(table, query, where, vector_index.remembered(schema))
    lists = {side: _side(asked, side) for side in _SIDES[mode]}
    found = fuse(lists) if mode == "hybrid" else lists[_SIDES[mode][0]]
    page = found[query.offset : query.offset + query.limit]
    hits = _hits(table, page, query, details or {})
    return SearchResult(mode, hits, time.perf_counter() - started, note)


_SIDES: Final[Mapping[Mode, tuple[Side, ...]]] = {
    "hybrid": ("vector", "text"),
    "vector": ("vector",),
    "text": ("text",),
}


def _check(table: ChunkTable, query: SearchQuery, made: TableIdentity) -> None:
    from embedingest.store.table import check_fingerprint

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
    check_fingerprint(made, table.name, fingerprint=query.fingerprint, dimensions=dimensions)


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value}", remedy=f"it goes from {least} to {most}")


def _text_index(table: ChunkTable) -> Mapping[str, Any] | None:
    """The settings of the text index, or `None` before it is made (a new table, or one just rebuilt)."""
    with table.translated("read the indices of"):
        found = [index for index in table.lance.list_indices() if index.name == TEXT_INDEX]
    return dict(found[0].index_details or {}) if found else None


def _runnable(query: SearchQuery, *, indexed: bool) -> tuple[Mode, str | None]:
    """The mode that can run now, and what to tell where it is not the one asked for."""
    if indexed or query.mode == "vector":
        return query.mode, None
    if query.vector is not None:
        return "vector", "the text is not indexed yet: answered by vector alone"
    raise ConfigError(
        "the text of this table is not indexed yet", remedy="`embedingest optimize` indexes it; or use mode `vector`"
    )


# ── the two sides ────────────────────────────────────────────────────────────


def _side(asked: _Asked, side: Side) -> list[Candidate]:
    """A side's ranked candidates: at least a page of them, unless the table has fewer.

    Where documents are asked for, the rows of a few long ones may fill the list, so it grows until enough
    different ones are in it.
    """
    enough = asked.query.offset + asked.query.limit
    depth = max(_DEPTH, enough)
    while True:
        with asked.table.translated("search"):
            found = _by_vector(asked, depth) if side == "vector" else _by_text(asked, depth)
        candidates = ranked(found, side, by_source=asked.query.group)
        if len(candidates) >= max(_DEPTH, enough) or len(found) < depth or depth >= _DEEPEST:
            return candidates
        depth = min(_DEEPEST, depth * 4)


def _by_vector(asked: _Asked, depth: int) -> list[tuple[str, str, float]]:
    search = asked.table.lance.search(asked.query.vector, vector_column_name=VECTOR, query_type="vector")
    search = search.distance_type("cosine").limit(depth)
    if asked.index is None:
        search = search.bypass_vector_index()
    else:
        # Measured for ten answers; a longer list is compared exactly to the same depth, so the factor is smaller.
        refine = max(2, -(-asked.index.refine * 10 // depth))
        search = search.nprobes(asked.index.nprobes).refine_factor(refine)
    if asked.where is not None:
        search = search.where(asked.where, prefilter=True)
    found = search.select(["id", "source", "_distance"]).to_arrow()
    scores = [1.0 - distance for distance in found.column("_distance").to_pylist()]
    return list(zip(found.column("id").to_pylist(), found.column("source").to_pylist(), scores, strict=True))


def _by_text(asked: _Asked, depth: int) -> list[tuple[str, str, float]]:
    from lancedb.query import MatchQuery

    words = MatchQuery(asked.query.text, "text")  # type: ignore[call-arg]  # its defaults are pydantic's
    search = asked.table.lance.search(words, query_type="fts").limit(depth)
    if asked.where is not None:
        search = search.where(asked.where, prefilter=True)
    found = search.select(["id", "source", "_score"]).to_arrow()
    return list(zip(*(found.column(name).to_pylist() for name in ("id", "source", "_score")), strict=True))


# ── what is shown ────────────────────────────────────────────────────────────


def _hits(
    table: ChunkTable, page: Sequence[Candidate], query: SearchQuery, details: Mapping[str, Any]
) -> tuple[Hit, ...]:
    if not page:
        return ()
    with table.translated("read"):
        wanted = one_of("id", [one.id for one in page])
        found = table.lance.search().where(wanted).select([*ROW_COLUMNS, "ingested_at"]).to_arrow()
    rows = {row.id: row for row in columns.rows_of(found)}
    times = dict(zip(found.column("id").to_pylist(), found.column("ingested_at").to_pylist(), strict=True))
    # A row deleted since it was ranked is left out.
    page = [one for one in page if one.id in rows]
    around = _neighbours(table, [rows[one.id] for one in page], query.context) if query.context else {}
    words = Words(query.text, details) if query.highlight else None
    return tuple(
        Hit(
            rows[one.id],
            one.score,
            times[one.id],
            *around.get(one.id, ((), ())),
            explain=dict(one.parts) if query.explain else None,
            highlights=words.found_in(rows[one.id].text) if words else (),
        )
        for one in page
    )


def _neighbours(
    table: ChunkTable, hits: Sequence[Row], reach: int
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """For each hit the texts of up to `reach` chunks before and after it, of the same version of its document."""
    from lancedb.expr import col, lit

    places = {place for hit in hits for place in range(hit.chunk_index - reach, hit.chunk_index + reach + 1)}
    where = one_of("source", [hit.source for hit in hits]) & col("chunk_index").isin([lit(place) for place in places])
    names = ["source", "content_hash", "chunk_index", "text"]
    with table.translated("read"):
        found = table.lance.search().where(where).select(names).to_arrow().to_pylist()
    texts = {(row["source"], row["content_hash"], row["chunk_index"]): row["text"] for row in found}

    def between(hit: Row, first: int, last: int) -> tuple[str, ...]:
        keys = ((hit.source, hit.content_hash, place) for place in range(first, last))
        return tuple(texts[key] for key in keys if key in texts)

    return {
        hit.id: (
            between(hit, hit.chunk_index - reach, hit.chunk_index),
            between(hit, hit.chunk_index + 1, hit.chunk_index + reach + 1),
        )
        for hit in hits
    }
