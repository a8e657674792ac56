"""What the page alone asks of the table: hits by document with their markup, neighbours, what is near, what there is.

Addresses below `/ui/data` are the page's own and change with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.engine import kinds
from embedingest.server.render import excerpt, rendered, words_at
from embedingest.server.routes.document import bounded, json_of, source_of
from embedingest.server.routes.search import mode_of, query_of, rerank_of, unit_of
from embedingest.server.wire.decode import Fields, WireError, decode
from embedingest.store.search.filters import quoted
from embedingest.store.unit import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedingest.server.confined import Confined
    from embedingest.server.http import Answer, Request
    from embedingest.server.state import ServerState

__all__ = ["chunks", "facets", "nearest", "rerankers", "search"]

_TESTS: Final = {
    "folder": "source startswith {}",
    "type": "mime = {}",
    "since": "modified_at >= {}",
    "before": "modified_at < {}",
}
"""What each choice of the page is in the language of filters; the value is put in quoted."""
_SEARCH_FIELDS: Final = frozenset({"query", "mode", "limit", "rerank", "as", *_TESTS})
_MOST_HITS: Final = 100
_USUAL_HITS: Final = 20
_USUAL_NEAR: Final = 10
_MOST_CHUNKS: Final = 50
_ID_CHARACTERS: Final = 64
_HIT_CHARACTERS: Final = 900
_NEAR_CHARACTERS: Final = 240
_OF_HIT: Final = ("id", "chunk_index", "chunk_count", "line_start", "line_end", "page", "heading_path", "score")
_PARTS: Final = ("sheet", "rows", "cell", "chapter", "symbol")


async def search(state: ServerState, request: Request) -> Answer:
    """`POST /ui/data/search`: the hits of a query by document, in the order of each document's best."""
    table = state.table_for(request)
    fields = await state.read(request, decode)
    fields.only(_SEARCH_FIELDS)
    options = {
        "mode": mode_of(fields),
        "limit": bounded(fields, "limit", 1, _MOST_HITS, _USUAL_HITS),
        "filter": _filter(fields),
        **rerank_of(fields),
        **unit_of(fields),
    }
    found = state.threads.run(_found, table, query_of(fields), options)
    told = await state.unless_disconnected(request, found)
    state.metrics.searched(told)
    return json_of(told)


async def chunks(state: ServerState, request: Request) -> Answer:
    """`POST /ui/data/chunks`: some chunks of a document as markup, such as the neighbours of a hit."""
    table = state.table_for(request)
    fields = await state.read(request, decode)
    fields.only({"source", "first", "last"})
    source = source_of(fields)
    first = bounded(fields, "first", 0, 2**53, 0) or 0
    last = min(bounded(fields, "last", 0, 2**53, first) or 0, first + _MOST_CHUNKS - 1)
    told = await state.threads.run(_chunks, table, source, first, last)
    return json_of(told)


async def nearest(state: ServerState, request: Request) -> Answer:
    """`POST /ui/data/nearest`: the chunks whose vectors are nearest to that of a chunk."""
    table = state.table_for(request)
    fields = await state.read(request, decode)
    fields.only({"id", "limit"})
    chunk, limit = fields.text("id"), bounded(fields, "limit", 1, _MOST_HITS) or _USUAL_NEAR
    if not chunk or len(chunk) > _ID_CHARACTERS:
        raise WireError(400, 'field "id" must be the id of a chunk')
    told = await state.threads.run(_near, table, chunk, limit)
    return json_of(told)


async def facets(state: ServerState, request: Request) -> Answer:
    """`GET /ui/data/facets`: folders and types to choose from, how many documents there are of each, and by which
    columns beside the vector one may search.
    """
    table = state.table_for(request)
    return json_of(await state.threads.run(table.facets))


async def rerankers(state: ServerState, request: Request) -> Answer:
    """`GET /ui/data/rerankers`: the models that can order hits, and which of them the settings name.

    Apart from the facets, since the files of every model are looked into the first time.
    """
    table = state.table_for(request)
    names = await state.threads.run(lambda: kinds.rerankers(state.names(), state.engine.describe))
    return json_of({"rerankers": names, "usual": table.reranker()})


def _filter(fields: Fields) -> str | None:
    tests = [test.format(quoted(value)) for name, test in _TESTS.items() if (value := fields.text(name))]
    return " and ".join(tests) or None


def _found(table: Confined, query: str, options: Mapping[str, Any]) -> dict[str, Any]:
    found = table.search(query, highlight=True, explain=True, **options)
    groups: dict[str, dict[str, Any]] = {}
    for hit in found["results"]:
        group = groups.setdefault(hit["source"], {**_document(hit), "hits": []})
        group["hits"].append(_hit(hit))
    places = table.places(list(groups))
    told = {
        name: found[name]
        for name in ("mode", "seconds", "note", "filtered", "rerank", "as", "tokens_by")
        if name in found
    }
    return told | {"groups": [group | dict(places.get(source, {})) for source, group in groups.items()]}


def _near(table: Confined, chunk: str, limit: int) -> dict[str, Any]:
    found = table.nearest(chunk, limit=limit)
    results = [_document(hit) | _hit(hit, _NEAR_CHARACTERS) for hit in found["results"]]
    return {**found, "results": results}


def _chunks(table: Confined, source: str, first: int, last: int) -> dict[str, Any]:
    told = table.document(source, start_chunk=first, end_chunk=last, max_characters=100_000)
    return {"source": source, "chunks": list(_texts(told))}


def _texts(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for chunk in told["chunks"]:
        start = chunk["start"] - told["start_character"]
        text = told["text"][max(0, start) : start + chunk["end"] - chunk["start"]]
        yield chunk | {"html": rendered(text, told["mime"])}


def _document(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: hit[name] for name in ("source", "title", "mime", "modified_at")}


def _hit(hit: Mapping[str, Any], most: int = _HIT_CHARACTERS) -> dict[str, Any]:
    """A hit as the page shows it, with about `most` characters of its text.

    `cut` says whether the chunk has more in front of them, and behind.
    """
    metadata = hit["metadata"]
    told = {
        **{name: hit[name] for name in _OF_HIT},
        "part": {name: metadata[name] for name in _PARTS if name in metadata},
        "explain": hit.get("explain"),
        "places": hit.get("places", []),
    }
    return told | (_excerpt(hit, most) if "unit" not in hit else _unit(hit))


def _excerpt(hit: Mapping[str, Any], most: int) -> dict[str, Any]:
    text, ranges = hit["text"], hit.get("highlights", [])
    start, end = excerpt(text, ranges, most)
    html = rendered(text[start:end], hit["mime"], words_at(text, ranges))
    return {"cut": [start > 0, end < len(text)], "html": html}


def _unit(hit: Mapping[str, Any]) -> dict[str, Any]:
    """A section or a document: its pieces, each with whether it was found."""
    told = [
        {"found": piece.found, "html": rendered(piece.text, hit["mime"], words_at(piece.text, piece.highlights))}
        for piece in pieces(hit)
    ]
    return {"pieces": told, "truncated": hit["truncated"], "tokens": hit["tokens"]}
