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


async def ready(state: ServerState, request: Request) -> Answer:
    """Whether requests should be sent here: 503 while models are loaded, when about to stop, and while anything fails.

    What is wrong in words, with its remedy, is for who may steer the server; others hear which check it is.
    """
    problems = state.readiness.problems
    if state.stop.is_set():
        return json_answer({"status": "stopping"}, 503)
    if problems is None:
        return json_answer({"status": "loading"}, 503)
    if not problems:
        return json_answer({"status": "ready"})
    answer: dict[str, object] = {"status": "failed", "failed": sorted({problem.check for problem in problems})}
    if state.guard.refused(request, "control") is None:
        answer["problems"] = [{"check": p.check, "error": p.what, "remedy": p.remedy} for p in problems]
    return json_answer(answer, 503)


async def metrics(state: ServerState, _request: Request) -> Answer:
    """Counters for Prometheus."""
    page = await state.threads.run(state.metrics.page)  # journals are read for it
    return Answer(200, page, "text/plain; version=0.0.4; charset=utf-8")


async def openapi(state: ServerState, request: Request) -> Answer:
    """The description of what is served; `model` enumerates the registered names."""
    return Answer(200, orjson.dumps(document(await state.threads.run(state.names), request.prefix)), "application/json")


async def docs(_state: ServerState, _request: Request) -> Answer:
    """The description, for people."""
    return html(_page("docs.html"))


@cache
def _page(name: str) -> bytes:
    return files("embedingest.server").joinpath("ui", name).read_bytes()
