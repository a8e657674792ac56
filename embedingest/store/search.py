"""Finds rows: by vector, by words, or both fused by reciprocal rank. Knows no models; the query comes embedded."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.store import schema as columns
from embedingest.store.maintain import TEXT_INDEX
from embedingest.store.predicate import one_of
from embedingest.store.schema import ROW_COLUMNS, VECTOR
from embedingest.store.values import Hit, SearchResult

if TYPE_CHECKING:
    from embedingest.store.table import ChunkTable
    from embedingest.store.values import Mode, SearchQuery

__all__ = ["MAX_LIMIT", "RRF_K", "fuse", "search"]

MAX_LIMIT: Final = 10_000
RRF_K: Final = 60
"""The constant of reciprocal rank fusion, as its authors chose it: 1 / (60 + rank)."""
_DEPTH: Final = 100
"""Ranks taken from each side at least: further down a single side's vote no longer moves the first page."""


@dataclass(slots=True)
class _Found:
    """One candidate: its id, and what each side said of it. Ranks count from 1."""

    id: str
    key: str
    score: float = 0.0
    parts: dict[str, float | int | None] = field(default_factory=dict)


def search(table: ChunkTable, query: SearchQuery) -> SearchResult:
    """The best rows, best first.

    Raises ConfigError (empty query, impossible limit, bad filter), FingerprintError (a query of another model),
    StoreError.
    """
    started = time.perf_counter()
    _check(table, query)
    mode, note = _runnable(table, query)
    lists = _ask(table, query, mode)
    ranked = fuse(lists) if mode == "hybrid" else next(iter(lists.values()))
    page = ranked[query.offset : query.offset + query.limit]
    hits = tuple(_hits(table, page, explain=query.explain))
    return SearchResult(mode, hits, time.perf_counter() - started, note)


def _check(table: ChunkTable, query: SearchQuery) -> None:
    from embedingest.store.table import check_fingerprint

    if not query.text.strip() and (query.vector is None or query.mode != "vector"):
        raise ConfigError("the query is empty", remedy="say what to search for")
    if not 1 <= query.limit <= MAX_LIMIT or not 0 <= query.offset <= MAX_LIMIT:
        raise ConfigError(
            f"limit {query.limit} with offset {query.offset} is out of range",
            remedy=f"limit goes from 1 to {MAX_LIMIT}, offset from 0 to {MAX_LIMIT}",
        )
    if query.mode != "text" and query.vector is None:
        raise ConfigError(f"mode `{query.mode}` needs the query's vector")
    dimensions = None if query.vector is None else int(query.vector.shape[-1])
    if query.mode != "text":
        check_fingerprint(table.identity, table.name, fingerprint=query.fingerprint, dimensions=dimensions)


def _runnable(table: ChunkTable, query: SearchQuery) -> tuple[Mode, str | None]:
    """The mode that can run now, and what to tell where it is not the one asked for."""
    if query.mode == "vector":
        return "vector", None
    with table.translated("read the indices of"):
        indexed = any(index.name == TEXT_INDEX for index in table.lance.list_indices())
    if indexed:
        return query.mode, None
    if query.vector is None:
        return "text", None
    return "vector", "the text is not indexed yet: answered by vector alone"


def _ask(table: ChunkTable, query: SearchQuery, mode: Mode) -> dict[str, list[_Found]]:
    depth = max(_DEPTH, query.offset + query.limit)
    depth = depth * 5 if query.group else depth
    lists: dict[str, list[_Found]] = {}
    with table.translated("search"):
        if mode in ("hybrid", "vector"):
            lists["vector"] = _ranked(_by_vector(table, query, depth), "vector", by_source=query.group)
        if mode in ("hybrid", "text"):
            lists["text"] = _ranked(_by_text(table, query, depth), "text", by_source=query.group)
    return lists


def _by_vector(table: ChunkTable, query: SearchQuery, depth: int) -> list[tuple[str, str, float]]:
    asked = table.lance.search(query.vector, vector_column_name=VECTOR, query_type="vector")
    found = asked.distance_type("cosine").limit(depth).select(["id", "source", "_distance"]).to_arrow()
    scores = [1.0 - distance for distance in found.column("_distance").to_pylist()]
    return list(zip(found.column("id").to_pylist(), found.column("source").to_pylist(), scores, strict=True))


def _by_text(table: ChunkTable, query: SearchQuery, depth: int) -> list[tuple[str, str, float]]:
    from lancedb.query import MatchQuery

    words = MatchQuery(query.text, "text")  # type: ignore[call-arg]  # its defaults are pydantic's
    asked = table.lance.search(words, query_type="fts")
    found = asked.limit(depth).select(["id", "source", "_score"]).to_arrow()
    names = ("id", "source", "_score")
    return list(zip(*(found.column(name).to_pylist() for name in names), strict=True))


def _ranked(found: list[tuple[str, str, float]], side: str, *, by_source: bool) -> list[_Found]:
    """The side's list, best first, ties in a fixed order; the best row of each source where documents are asked."""
    best: dict[str, _Found] = {}
    for row, source, score in sorted(found, key=lambda hit: (-hit[2], hit[0])):
        key = source if by_source else row
        if key not in best:
            parts: dict[str, float | int | None] = {f"{side}_score": score, f"{side}_rank": len(best) + 1}
            best[key] = _Found(row, key, score, parts)
    return list(best.values())


def fuse(lists: dict[str, list[_Found]], k: int = RRF_K) -> list[_Found]:
    """Reciprocal rank fusion: each list gives 1 / (k + rank). The row shown is the one of the better rank."""
    scores: dict[str, float] = defaultdict(float)
    fused: dict[str, _Found] = {}
    ranks: dict[str, int] = {}
    for found in lists.values():
        for rank, one in enumerate(found, start=1):
            scores[one.key] += 1.0 / (k + rank)
            if rank < ranks.get(one.key, rank + 1):
                ranks[one.key] = rank
                fused[one.key] = _Found(one.id, one.key, 0.0, fused[one.key].parts if one.key in fused else {})
            fused[one.key].parts.update(one.parts)
    for key, one in fused.items():
        one.score = scores[key]
    return sorted(fused.values(), key=lambda one: (-one.score, ranks[one.key], one.id))


def _hits(table: ChunkTable, page: list[_Found], *, explain: bool) -> list[Hit]:
    if not page:
        return []
    with table.translated("read"):
        wanted = one_of("id", [one.id for one in page])
        found = table.lance.search().where(wanted).select([*ROW_COLUMNS, "ingested_at"]).to_arrow()
    rows = {row.id: row for row in columns.rows_of(found)}
    times = dict(zip(found.column("id").to_pylist(), found.column("ingested_at").to_pylist(), strict=True))
    return [
        Hit(rows[one.id], one.score, times[one.id], explain=dict(one.parts) if explain else None)
        for one in page
        if one.id in rows
    ]
