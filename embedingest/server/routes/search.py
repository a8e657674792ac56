"""The route that searches the table: `/api/search`. Knows its fields; what they mean is the caller's `search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from embedingest.server.http import Answer, Request
from embedingest.server.wire.decode import Fields, WireError, decode, kind
from embedingest.store.unit import LEAST_BUDGET, MOST_BUDGET, UNITS
from embedingest.types import MODES, MOST_CANDIDATES

if TYPE_CHECKING:
    from embedingest.server.state import ServerState

__all__ = ["mode_of", "query_of", "rerank_of", "search", "unit_of"]

_FIELDS: Final = frozenset(
    {"query", "limit", "offset", "mode", "filter", "group", "fold", "rerank", "rerank_candidates", "as", "budget"}
)
_DEFAULT_LIMIT: Final = 10
_MAX_LIMIT: Final = 1000
_MAX_OFFSET: Final = 1_000_000
_QUERY_CHARACTERS: Final = 100_000


async def search(state: ServerState, request: Request) -> Answer:
    """`POST /api/search`: the document of `search --json`."""
    search_table = state.search_for(request)
    fields = await state.read(request, decode)
    fields.only(_FIELDS)
    query, options = query_of(fields), _options(fields)
    results = await state.threads.run(search_table, query, **options)
    state.metrics.searched(results)
    return Answer(200, orjson.dumps(results, default=str, option=orjson.OPT_SERIALIZE_NUMPY))


def query_of(fields: Fields) -> str:
    """The query. Raises WireError (400, 413)."""
    query = fields.text("query")
    if not query.strip():
        raise WireError(400, 'field "query" is missing or empty')
    if len(query) > _QUERY_CHARACTERS:
        raise WireError(413, f"the query has {len(query)} characters; the limit is {_QUERY_CHARACTERS}")
    return query


def mode_of(fields: Fields) -> str:
    """By what is searched. Raises WireError (400)."""
    mode = fields.text("mode", "hybrid")
    if mode not in MODES:
        raise WireError(400, f'field "mode" must be {", ".join(MODES[:-1])} or {MODES[-1]}, not "{mode}"')
    return mode


def rerank_of(fields: Fields) -> dict[str, object]:
    """Whether and by what the hits are put in order, where the question says it. Raises WireError (400)."""
    rerank = fields.get("rerank")
    if not (rerank is None or isinstance(rerank, bool) or (isinstance(rerank, str) and rerank.strip())):
        raise WireError(400, f'field "rerank" must be true, false or the name of a reranker, not {kind(rerank)}')
    candidates = fields.whole("rerank_candidates")
    if candidates is not None and not 1 <= candidates <= MOST_CANDIDATES:
        raise WireError(400, f'field "rerank_candidates" must be from 1 to {MOST_CANDIDATES}, not {candidates}')
    said = {"rerank": rerank, "rerank_candidates": candidates}
    return {name: value for name, value in said.items() if value is not None}


def unit_of(fields: Fields) -> dict[str, object]:
    """What a result is, where that is said: `as` and `budget`. Raises WireError (400)."""
    unit, budget = fields.text("as", "chunk"), fields.whole("budget")
    if unit not in UNITS:
        raise WireError(400, f'field "as" must be chunk, section or document, not "{unit}"')
    if budget is not None and not LEAST_BUDGET <= budget <= MOST_BUDGET:
        raise WireError(400, f'field "budget" must be from {LEAST_BUDGET} to {MOST_BUDGET} tokens, not {budget}')
    return ({} if unit == "chunk" else {"unit": unit}) | ({} if budget is None else {"budget": budget})


def _options(fields: Fields) -> dict[str, object]:
    limit = fields.whole("limit")
    limit = _DEFAULT_LIMIT if limit is None else limit
    if not 1 <= limit <= _MAX_LIMIT:
        raise WireError(400, f'field "limit" must be from 1 to {_MAX_LIMIT}, not {limit}')
    offset = fields.whole("offset") or 0
    if not 0 <= offset <= _MAX_OFFSET:
        raise WireError(400, f'field "offset" must be from 0 to {_MAX_OFFSET}, not {offset}')
    options: dict[str, object] = {
        "limit": limit,
        "mode": mode_of(fields),
        "filter": fields.text("filter") or None,
        "group": fields.get("group"),
    }
    if offset:
        options["offset"] = offset
    options |= rerank_of(fields)
    options |= unit_of(fields)
    return options if fields.flag("fold", default=True) else {**options, "fold": False}
