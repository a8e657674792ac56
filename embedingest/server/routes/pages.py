"""The routes that look after the server: its description, health, metrics."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import orjson

from embedingest.server.http import Answer, Request, html, json_answer, plain
from embedingest.server.openapi import document

if TYPE_CHECKING:
    from embedingest.server.state import ServerState

__all__ = ["docs", "health", "metrics", "openapi", "ready", "root"]


async def root(_state: ServerState, _request: Request) -> Answer:
    """`GET /` and `HEAD /`, case 120: what clients look for to know that a server is there."""
    return plain("Ollama is running")


async def health(state: ServerState, _request: Request) -> Answer:
    """Whether the loaded models can still compute: 503 once a model's worker has died."""
    if state.engine.alive():
        return json_answer({"status": "ok"})
    return json_answer({"status": "failed", "error": "a model's worker has died; restart the server"}, 503)


async def ready(state: ServerState, _request: Request) -> Answer:
    """Whether requests should be sent here: 503 until the preloaded models are in memory, and when about to stop."""
    stopping = state.stop.is_set()
    if state.ready and not stopping:
        return json_answer({"status": "ready"})
    return json_answer({"status": "stopping" if stopping else "loading"}, 503)


async def metrics(state: ServerState, _request: Request) -> Answer:
    """Counters for Prometheus."""
    return Answer(200, state.metrics.page(), "text/plain; version=0.0.4; charset=utf-8")


async def openapi(state: ServerState, _request: Request) -> Answer:
    """The description of what is served; `model` enumerates the registered names."""
    return Answer(200, orjson.dumps(document(await state.threads.run(state.names))), "application/json")


async def docs(_state: ServerState, _request: Request) -> Answer:
    """The description, for people."""
    return html(_page("docs.html"))


@cache
def _page(name: str) -> bytes:
    return files("embedingest.server").joinpath("ui", name).read_bytes()
