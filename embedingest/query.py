"""A query in, hits out. Embeds with the engine that the documents were embedded with.

Knows no command line and no HTTP. One `Searcher` serves both, and the assistants.
"""

from __future__ import annotations

import difflib
import json
import threading
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self, cast

from embedingest.arguments import NAME, TEXT, WHOLE, Wanted, check, count, one_of, or_none
from embedingest.engine.together import keep_together
from embedingest.errors import ConfigError, StoreError
from embedingest.measure import ByModel, Estimate
from embedingest.query_vectors import embedding_model, with_vectors
from embedingest.sections import in_units
from embedingest.store.unit import UNITS, USUAL_BUDGET
from embedingest.store.values import SearchQuery
from embedingest.types import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from embedingest.config import RerankConfig
    from embedingest.engine.engine import Engine
    from embedingest.engine.together import ModelUse, Use
    from embedingest.measure import Measure
    from embedingest.reranking import Scores
    from embedingest.store.table import ChunkTable
    from embedingest.store.unit import Unit
    from embedingest.store.values import Hit, SearchResult
    from embedingest.types import Mode, Sizer

__all__ = ["MAX_QUERY_CHARACTERS", "Searcher", "hit_to_json", "result_to_json", "told_beside"]

MAX_QUERY_CHARACTERS = 100_000
_RERANK: Final = Wanted(
    "True, False, None or a reranker's name",
    lambda value: value is None or isinstance(value, bool) or NAME.fits(value),
)


@dataclass(slots=True)
class Searcher:
    """Answers queries over one table. `open_table` and `open_engine` are called when first needed.

    A text search (`mode="text"`) opens no engine, unless the model was `named` for the search: then no other of the
    same vectors stands in for one that is not found, as it does for the one that a table remembers. `rerank` is the
    reranker of the settings; of others, a question may name those of `allow_models`, or any where that is empty. With
    `scores`, what a reranker said of a hit is kept there, and not asked again for the same question.
    """

    open_table: Callable[[], ChunkTable]
    open_engine: Callable[[], Engine]
    model: str
    named: bool = False
    rerank: RerankConfig | None = None
    allow_models: Sequence[str] = ()
    scores: Scores | None = None
    _table: ChunkTable | None = None
    _sizer: Sizer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def table(self) -> ChunkTable:
        """The table, opened once; whoever reads it more than once asks for it each time, since it is freshened here."""
        with self._lock:
            if self._table is None:
                self._table = self.open_table()
            else:
                self._table.handle.freshen()
            return self._table

    def close(self) -> None:
        """Close the table; the engine is not the searcher's. A later search opens the table again."""
        with self._lock:
            if self._table is not None:
                self._table.close()
                self._table = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Closes."""
        self.close()

    def search(self, query: SearchQuery | str, **options: Any) -> SearchResult:
        """Run a query: a text with the `options` of `SearchQuery` (`limit=3`, `mode="text"`), or a whole `SearchQuery`.

        The vector is added here, with the model's query prompt, and what the models of columns beside make of it.
        Raises ConfigError for an empty or overlong query and for what has no effect, FingerprintError where the table
        is another model's, before that is loaded, TableMissingError, the engine's errors, and those of reranking
        (`reranking.py`).
        """
        query = _checked(query if isinstance(query, SearchQuery) else _query(query, options))
        if not query.text.strip():
            raise ConfigError("the query is empty", remedy="say what to look for")
        if len(query.text) > MAX_QUERY_CHARACTERS:
            raise ConfigError(
                f"the query has {len(query.text)} characters and {MAX_QUERY_CHARACTERS} are the limit",
                remedy="ask a shorter question",
            )
        table = self.table
        table.check_query(query)
        if query.mode in ("text", "sparse") and self.named:
            self.open_engine().describe(self.model)
        find = self._finder(table, query)
        if query.mode != "text":
            [query] = self._with_vectors(table, [query], [query.mode])
        return find(query) if query.unit == "chunk" else in_units(table, query, find, self._measure(table, query))

    def prepared(self, queries: Sequence[SearchQuery], modes: Collection[Mode]) -> list[SearchQuery]:
        """Queries that differ in their text alone, with what the models make of them for these modes: each model is
        asked once for all.

        A search of one computes none of it again, in whichever of the modes. Raises what `search` raises of models.
        """
        table = self.table
        for mode in modes if queries else ():
            table.check_query(replace(queries[0], mode=mode))
        if not queries or not set(modes) - {"text"}:
            return list(queries)
        self._finder(table, queries[0])
        return self._with_vectors(table, queries, modes)

    def _with_vectors(
        self, table: ChunkTable, queries: Sequence[SearchQuery], modes: Collection[Mode]
    ) -> list[SearchQuery]:
        engine = self.open_engine()
        keep_together(engine, self._models(table))
        return with_vectors(queries, modes, table, engine, self.model, named=self.named)

    def models(self) -> tuple[ModelUse, ...]:
        """The models of the table, each with what it is asked for, and the reranker of the settings; of a table that
        is not there, or cannot be read, what the settings say.
        """
        try:
            return self._models(self.table)
        except StoreError:
            return self._models(None)

    def _models(self, table: ChunkTable | None) -> tuple[ModelUse, ...]:
        beside = {} if table is None else table.identity.extras
        rerank: list[ModelUse] = [] if self.rerank is None else [("rerank", self.rerank.model)]
        uses = [(cast("Use", column), held.model) for column, held in beside.items()]
        return ("vector", self.model), *uses, *rerank

    def _finder(self, table: ChunkTable, query: SearchQuery) -> Callable[[SearchQuery], SearchResult]:
        """What finds chunks: the table, with a reranker behind it where that is wanted."""
        if query.rerank is False or (query.rerank is None and self.rerank is None):
            if query.rerank_candidates is not None:
                raise ConfigError(
                    f"nothing reranks the {query.rerank_candidates} hits of `rerank_candidates`",
                    remedy="leave `rerank_candidates` out, or say which reranker is to (`rerank`)",
                )
            return table.search
        from embedingest.reranking import reranker_for

        reranker = reranker_for(query, self.rerank, self.open_engine(), self.allow_models, self.scores)
        keep_together(self.open_engine(), [("rerank", reranker.model)])
        return lambda asked: reranker.search(asked, table.search)

    def _measure(self, table: ChunkTable, query: SearchQuery) -> Measure:
        """What counts the tokens of units: the model, where it is open anyway."""
        if query.vector is None:
            return Estimate()
        if self._sizer is None:
            engine = self.open_engine()
            info = embedding_model(table, engine, self.model, named=self.named)
            self._sizer = engine.sizer(info.name_for("document"))
        return ByModel(self._sizer)


_MADE: Final = frozenset({"text", "vector", "fingerprint", "sparse", "late"})


def _query(text: str, options: Mapping[str, Any]) -> SearchQuery:
    known = [name for name in SearchQuery.__dataclass_fields__ if name not in _MADE]
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
            raise ConfigError(f"a search has no `{name}`", remedy=remedy)
    return SearchQuery(text, **options)


def _checked(query: SearchQuery) -> SearchQuery:
    check(
        query=(query.text, TEXT),
        mode=(query.mode, one_of(*MODES)),
        limit=(query.limit, WHOLE),
        offset=(query.offset, WHOLE),
        filter=(query.filter, or_none(TEXT)),
        within=(query.within, or_none(TEXT)),
        context=(query.context, WHOLE),
        rerank=(query.rerank, _RERANK),
        rerank_candidates=(query.rerank_candidates, or_none(count(1))),
        unit=(query.unit, one_of(*UNITS)),
        budget=(query.budget, WHOLE),
    )
    if query.unit == "chunk" and query.budget != USUAL_BUDGET:
        raise ConfigError(
            f"a chunk has no `budget` of {query.budget} tokens",
            remedy="leave `budget` out, or ask for sections or documents",
        )
    return query


def result_to_json(query: SearchQuery, result: SearchResult) -> dict[str, Any]:
    """The document of `search --json` and `POST /api/search`."""
    document: dict[str, Any] = {
        "query": query.text,
        "mode": result.mode,
        "results": [hit_to_json(hit) for hit in result.hits],
        "seconds": round(result.seconds, 6),
    }
    if result.measured_by is not None:
        document |= {"as": query.unit, "budget": query.budget, "tokens_by": result.measured_by}
    return document | told_beside(result)


def told_beside(result: SearchResult) -> dict[str, Any]:
    """What is told of a result beside its hits, where there is something: its note, and how they were reranked."""
    told: dict[str, Any] = {} if result.note is None else {"note": result.note}
    if result.rerank is not None:
        told["rerank"] = {**asdict(result.rerank), "seconds": round(result.rerank.seconds, 6)}
    return told


def hit_to_json(hit: Hit) -> dict[str, Any]:
    """One result: its columns without the vector, the score, and the neighbours and details that were asked for,
    and where else its text stands. A unit's are the columns of its best hit, with its own text, headings and place.
    """
    row = hit.row
    columns = {name: getattr(row, name) for name in row.__dataclass_fields__}
    if row.context is None:
        del columns["context"]
    first: dict[str, Any] = {"source": columns.pop("source"), "text": columns.pop("text"), "score": hit.score}
    columns["modified_at"] = datetime.fromtimestamp(columns.pop("modified_at_ns") / 1e9, UTC).isoformat()
    columns["ingested_at"] = hit.ingested_at.isoformat()
    columns["heading_path"] = list(row.heading_path)
    columns["metadata"] = json.loads(row.metadata) if row.metadata else {}
    extra: Mapping[str, Any] = {
        "before": list(hit.before),
        "after": list(hit.after),
        "explain": hit.explain,
        "highlights": [list(pair) for pair in hit.highlights],
        "places": list(hit.places),
    }
    found = first | columns | {name: value for name, value in extra.items() if value}
    return found if hit.unit is None else found | _unit_to_json(hit.unit)


def _unit_to_json(unit: Unit) -> dict[str, Any]:
    told = {
        "text": unit.text,
        "heading_path": list(unit.heading_path),
        "start": unit.start,
        "end": unit.end,
        "unit": unit.kind,
        "hits": [asdict(hit) for hit in unit.hits],
        "shown": dict(unit.extent),
        "tokens": unit.tokens,
        "truncated": unit.truncated,
    }
    return told | ({"gaps": [list(gap) for gap in unit.gaps]} if unit.gaps else {})
