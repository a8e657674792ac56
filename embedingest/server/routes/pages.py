"""The routes for people and machines that look after the server: pages, health, metrics, search.

Pages are whole in themselves: no script, style, font or picture comes from another host.
"""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import orjson

from embedingest.server.http import Answer, Request, html, json_answer, plain
from embedingest.server.openapi import document
from embedingest.server.wire.decode import Fields, WireError, decode

if TYPE_CHECKING:
    from embedingest.server.state import ServerState

__all__ = ["docs", "health", "metrics", "openapi", "ready", "root", "search", "ui"]


async def root(_state: ServerState, _request: Request) -> Answer:
    """`GET /` and `HEAD /`, case 120: what clients look for to know that somebody is there."""
    return plain("Ollama is running")


async def health(state: ServerState, _request: Request) -> Answer:
    """Whether what is loaded can still compute; a dead worker is told, not hidden."""
    if state.engine.alive():
        return json_answer({"status": "ok"})
    return json_answer({"status": "failed", "error": "a model's worker has died; restart the server"}, 503)


async def ready(state: ServerState, _request: Request) -> Answer:
    """Whether requests should be sent here: preloaded, and not about to stop."""
    if state.ready and not state.stopping:
        return json_answer({"status": "ready"})
    return json_answer({"status": "stopping" if state.stopping else "loading"}, 503)


async def metrics(state: ServerState, _request: Request) -> Answer:
    """Counters for Prometheus."""
    return plain(state.metrics.page(state.engine), media="text/plain; version=0.0.4; charset=utf-8")


async def openapi(state: ServerState, _request: Request) -> Answer:
    """The description of what is served; `model` enumerates the registered names."""
    return Answer(200, orjson.dumps(document(await asyncio.to_thread(state.names))), "application/json")


async def docs(_state: ServerState, _request: Request) -> Answer:
    """The description, for people."""
    return html(_page("docs.html"))


async def ui(_state: ServerState, _request: Request) -> Answer:
    """Search and compare, for people."""
    return html(_page("ui.html"))


async def search(state: ServerState, request: Request) -> Answer:
    """`POST /api/search`: the document of `search --json`."""
    if state.search is None:
        raise WireError(404, "no table is served here; start with `watch --serve`, or `serve --db URI`")
    fields = decode(request.content)
    asked = _search_fields(fields)
    found = await asyncio.to_thread(state.search, asked.pop("query"), **asked)
    return Answer(200, orjson.dumps(found, default=str, option=orjson.OPT_SERIALIZE_NUMPY))


def _search_fields(fields: Fields) -> dict[str, object]:
    query = fields.text("query")
    if not query.strip():
        raise WireError(400, 'field "query" is required')
    limit = fields.whole("limit")
    limit = 10 if limit is None else limit
    if not 1 <= limit <= 1000:
        raise WireError(400, f'field "limit" must be from 1 to 1000, not {limit}')
    mode = fields.text("mode", "hybrid")
    if mode not in ("hybrid", "vector", "text"):
        raise WireError(400, f'field "mode" must be hybrid, vector or text, not "{mode}"')
    return {
        "query": query,
        "limit": limit,
        "mode": mode,
        "filter": fields.text("filter") or None,
        "group": fields.get("group"),
    }


@cache
def _page(name: str) -> bytes:
    return files("embedingest.server").joinpath("ui", name).read_bytes()
