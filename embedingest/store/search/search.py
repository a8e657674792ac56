"""Finds rows: by vector, by words, by columns beside, or by all of them fused.

Knows no models; the query comes embedded.
"""

from __future__ import annotations

import operator
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.store import schema as columns
from embedingest.store import text_index, vector_index
from embedingest.store.handle import check_fingerprint
from embedingest.store.predicate import one_of
from embedingest.store.search import filters
from embedingest.store.search.asked import check_query
from embedingest.store.search.bare import REACH, followers, is_bare, is_contents
from embedingest.store.search.fusion import by_better_rank, by_rank, fuse
from embedingest.store.search.highlight import Words
from embedingest.store.search.narrow import columns_within, condition
from embedingest.store.search.neighbours import neighbours
from embedingest.store.search.sides import MOST_ROWS, Retrieval, candidates, second_stage
from embedingest.store.values import LATE, SPARSE, Hit, SearchResult, TextSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from embedingest.store.handle import TableHandle
    from embedingest.store.search.fusion import Candidate, Key, Side
    from embedingest.store.values import SearchQuery, TableIdentity
    from embedingest.types import Mode, Row

__all__ = ["search"]

_FUSED_RANKS: Final = 100
"""Ranks of each side that are fused: further down one side's vote no longer moves the first page."""
_ALIKE: Final = ("config_hash", "metadata")
"""Columns that are the same in most rows of most tables."""


def search(table: TableHandle, query: SearchQuery) -> SearchResult:
    """The best rows, best first.

    Raises ConfigError (empty query, impossible limit, bad filter), FingerprintError (a query of another model),
    StoreError.
    """
    started = time.perf_counter()
    schema = table.schema
    identity = columns.identity(schema, table=table.name)
    _check(table, query, identity)
    settings = text_index.stored_settings(table)
    mode, note = _runnable(query, indexed=settings is not None)
    tree = filters.joined(query.filter, query.within)
    where = None if tree is None else condition(table, tree)
    key: Key = "source" if query.group else "text_hash" if query.fold else "id"
    retrieval = Retrieval(
        table,
        query,
        where,
        vector_index.remembered(schema),
        key,
        identity.fingerprint,
        [*columns_within(schema, query.within), "ingested_at"],
        settings is not None,
    )
    page, stored = _page(retrieval, mode)
    hits = _hits(retrieval, page, stored, settings or TextSettings())
    return SearchResult(mode, hits, time.perf_counter() - started, note)


def _check(table: TableHandle, query: SearchQuery, identity: TableIdentity) -> None:
    check_query(table, query)
    if query.mode == "text":
        return
    needed = {SPARSE: (query.sparse,), LATE: (query.vector, query.late)}
    if any(value is None for value in needed.get(query.mode, (query.vector,))):
        raise ConfigError(f"mode `{query.mode}` needs the query's vector")
    if query.vector is None:
        return
    dimensions = int(query.vector.shape[-1])
    check_fingerprint(identity, table.name, fingerprint=query.fingerprint, dimensions=dimensions)


def _runnable(query: SearchQuery, *, indexed: bool) -> tuple[Mode, str | None]:
    """The mode that can run now, and what to tell where it is not the one asked for."""
    if indexed or query.mode not in ("hybrid", "text"):
        return query.mode, None
    if query.vector is not None:
        return "vector", "the text is not indexed yet: answered by vector alone"
    raise ConfigError(
        "the text of this table is not indexed yet", remedy="`embedingest optimize` indexes it; or use mode `vector`"
    )


# -- in which order


def _page(retrieval: Retrieval, mode: Mode) -> tuple[list[Candidate], _Stored]:
    """What is shown, best first, and its rows. A heading alone gives its place to what follows it, where there is that.
    A contents is not shown; where documents are ranked, it too gives its place to what follows.

    All ranks before a page are looked at, so that pages of any size are cut from the same order.
    """
    query = retrieval.query
    last = query.offset + query.limit
    wanted = last
    while True:
        order = _order(retrieval, mode, wanted)[:wanted]
        stored = _read(retrieval, order)
        shown = _without_bare(retrieval, order, stored)
        if len(shown) >= last or len(order) < wanted or wanted >= MOST_ROWS:
            return shown[query.offset : last], stored
        wanted = min(MOST_ROWS, 2 * wanted)


def _without_bare(retrieval: Retrieval, order: Sequence[Candidate], stored: _Stored) -> list[Candidate]:
    """The candidates whose rows are there, those that are headings alone by what follows them; that is in `stored`."""
    rows, key = stored.rows, operator.attrgetter(retrieval.key)
    present = [candidate for candidate in order if candidate.id in rows]
    contents = {candidate.id for candidate in present if is_contents(rows[candidate.id])}
    if retrieval.key != "source":
        present = [candidate for candidate in present if candidate.id not in contents]
    bare = [rows[candidate.id] for candidate in present if candidate.id in contents or is_bare(rows[candidate.id])]
    if not bare:
        return present
    standing = followers(bare, _rows_after(retrieval, bare, stored))
    shown: dict[str, Candidate] = {}
    texts: set[str] = set()
    for ranked in present:
        row = standing.get(ranked.id)
        stands = (
            ranked if row is None else replace(ranked, id=row.id, key=key(row), text_hash=row.text_hash, copied=True)
        )
        if stands.key not in shown and not (retrieval.query.fold and stands.text_hash in texts):
            shown[stands.key] = stands
            texts.add(stands.text_hash)
    return list(shown.values())


def _rows_after(retrieval: Retrieval, bare: Sequence[Row], stored: _Stored) -> list[Row]:
    """The rows that follow these, among those that pass the filter. They are in `stored` from now on."""
    from lancedb.expr import col, lit

    indices = {row.chunk_index + step for row in bare for step in range(1, REACH + 1)}
    where = one_of("source", [row.source for row in bare]) & col("chunk_index").isin([lit(i) for i in sorted(indices)])
    if retrieval.where is not None:
        where = where & retrieval.where
    with retrieval.table.translated("read"):
        found = retrieval.table.lance.search().where(where).select(retrieval.shown).to_arrow()
    return stored.keep(found)


def _order(retrieval: Retrieval, mode: Mode, wanted: int) -> list[Candidate]:
    """The first `wanted` hits, or all, of an order that no page decides: pages of any size are cut from the same one.

    First come the best ranks of all sides, fused. Then each side is asked for four times as many, as often as it
    takes, and what is new follows by its better rank alone.
    """
    fold = retrieval.query.fold
    order: list[Candidate] = []
    keys: set[str] = set()
    texts: set[str] = set()
    depth = _FUSED_RANKS
    while True:
        lists, ended = _lists(retrieval, mode, depth)
        for candidate in _joined(lists, first=depth == _FUSED_RANKS):
            if candidate.key not in keys and not (fold and candidate.text_hash in texts):
                keys.add(candidate.key)
                texts.add(candidate.text_hash)
                order.append(candidate)
        if ended or len(order) >= wanted or depth >= MOST_ROWS:
            return order
        depth = min(MOST_ROWS, depth * 4)


def _sides(retrieval: Retrieval, mode: Mode) -> tuple[Side, ...]:
    """What is asked in a mode, beside one another: for `late`, whatever finds rows whose tokens are worth a look."""
    several = mode in ("hybrid", "late")
    sides: dict[Side, bool] = {
        "vector": several or mode == "vector",
        "text": (several and retrieval.indexed) or mode == "text",
        "sparse": (several and retrieval.query.sparse is not None) or mode == "sparse",
    }
    return tuple(side for side, asked in sides.items() if asked)


def _lists(retrieval: Retrieval, mode: Mode, depth: int) -> tuple[dict[Side, list[Candidate]], bool]:
    """Each side's best `depth` keys, and whether no side has more."""
    first, *others = _sides(retrieval, mode)
    # No side keeps all cores busy, so they are asked at the same time.
    with ThreadPoolExecutor() as beside:
        waiting = [(side, beside.submit(candidates, retrieval, side, depth)) for side in others]
        found = {first: candidates(retrieval, first, depth)} | {side: future.result() for side, future in waiting}
    lists = {side: best for side, (best, _) in found.items()}
    if mode in ("hybrid", "late") and retrieval.query.late is not None:
        late = second_stage(retrieval, retrieval.query.late, lists.values())
        lists = {LATE: late} if mode == "late" else {**lists, LATE: late}
    if retrieval.query.within is not None and "text" in lists:
        lists["text"] = by_rank(lists["text"], "text")
    return lists, all(ended for _, ended in found.values())


def _joined(lists: dict[Side, list[Candidate]], *, first: bool) -> list[Candidate]:
    if len(lists) == 1:
        return next(iter(lists.values()))
    return fuse(lists) if first else by_better_rank(lists)


# -- what is shown


def _hits(retrieval: Retrieval, page: Sequence[Candidate], stored: _Stored, settings: TextSettings) -> tuple[Hit, ...]:
    if not page:
        return ()
    table, query = retrieval.table, retrieval.query
    rows, times = stored.rows, stored.times
    around = neighbours(table, [rows[candidate.id] for candidate in page], query) if query.context else {}
    places = _places(retrieval, page) if query.fold else {}
    words = Words(query.text, settings) if query.highlight else None
    return tuple(
        Hit(
            rows[candidate.id],
            candidate.score,
            times[candidate.id],
            *around.get(candidate.id, ((), ())),
            explain=dict(candidate.parts) if query.explain else None,
            highlights=words.found_in(rows[candidate.id].text) if words else (),
            places=places.get(candidate.id, ()),
        )
        for candidate in page
    )


@dataclass(slots=True)
class _Stored:
    """By id: the rows, and when each was written."""

    rows: dict[str, Row] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)

    def keep(self, found: pa.Table) -> list[Row]:
        """Take over what was read, and answer it."""
        rows = list(columns.rows_of(found))
        self.rows.update((row.id, row) for row in rows)
        self.times.update(zip(found.column("id").to_pylist(), found.column("ingested_at").to_pylist(), strict=True))
        return rows


def _read(retrieval: Retrieval, order: Sequence[Candidate]) -> _Stored:
    """The rows of these candidates; one that was deleted since it was ranked is not among them.

    They are taken from where they were found, which is several times quicker than by their ids. A row that was written
    again or moved by a compaction since then is no longer there, and is looked for by its id.
    """
    table, stored = retrieval.table, _Stored()
    if not order:
        return stored
    with table.translated("read"):
        stored.keep(_taken(retrieval, [candidate.address for candidate in order]))
        if moved := [candidate.id for candidate in order if candidate.id not in stored.rows]:
            stored.keep(table.lance.search().where(one_of("id", moved)).select(retrieval.shown).to_arrow())
    return stored


def _taken(retrieval: Retrieval, addresses: Sequence[int]) -> pa.Table:
    """The rows at these addresses, as far as they are there.

    Of a column that is the same in all rows LanceDB decodes thousands to read ten, which takes as long as all other
    columns: so both are read at the same time, and what the table says of itself is not read at all.
    """
    import pyarrow as pa

    shown = retrieval.shown

    def read(names: Sequence[str]) -> pa.Table:
        return retrieval.table.lance.take_row_ids(list(addresses)).select(["id", *names]).to_arrow()

    with ThreadPoolExecutor(max_workers=1) as beside:
        waiting = beside.submit(read, _ALIKE)
        found = read([name for name in shown if name not in ("id", "fingerprint", *_ALIKE)])
        alike = waiting.result()
    if found.column("id") != alike.column("id"):  # a commit came in between
        return read(shown[1:])
    found = found.append_column("fingerprint", pa.repeat(retrieval.fingerprint, len(found)))
    for name in _ALIKE:
        found = found.append_column(name, alike.column(name))
    return found


def _places(retrieval: Retrieval, page: Sequence[Candidate]) -> dict[str, tuple[str, ...]]:
    """By row id: where else its text stands, among the rows that pass the filter. Asks nothing where none is copied."""
    shown = {candidate.text_hash: candidate.id for candidate in page if candidate.copied}
    if not shown:
        return {}
    where = one_of("text_hash", list(shown))
    if retrieval.where is not None:
        where = where & retrieval.where
    with retrieval.table.translated("read"):
        copies = retrieval.table.lance.search().where(where).select(["id", "source", "text_hash"]).to_arrow()
    others: dict[str, set[str]] = defaultdict(set)
    for copy in copies.to_pylist():
        if copy["id"] != shown[copy["text_hash"]]:
            others[shown[copy["text_hash"]]].add(copy["source"])
    return {row_id: tuple(sorted(sources)) for row_id, sources in others.items()}
