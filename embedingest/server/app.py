"""The application: which route answers what, which checks come before it, how errors are spelled.

`create_app` is the way in. Knows FastAPI and the routes; what a route does is in its own module.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.routing import Match, Route

from embedingest import tracing
from embedingest.server.begin import follow_keys, keep_looking, preload
from embedingest.server.body import read_body
from embedingest.server.engine import served_engine
from embedingest.server.forwarded import Proxies
from embedingest.server.guard import Guard
from embedingest.server.http import REQUEST, Answer, Disconnected, Headers, Request, plain, refusal
from embedingest.server.readiness import Readiness
from embedingest.server.routes import (
    document,
    embed,
    info,
    mcp,
    models,
    page_data,
    pages,
    pipelines,
    pulls,
    rerank,
    search,
    session,
    sparse,
    ui,
)  # fmt: skip
from embedingest.server.routes import map as map_route
from embedingest.server.state import ServerState, wire_error
from embedingest.server.unpack import encodings
from embedingest.server.vocabulary import find_vocabulary
from embedingest.server.wire.decode import WireError
from embedingest.server.wire.refusals import STOPPING

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Message, Receive, Scope, Send

    from embedingest.config import ServerConfig
    from embedingest.engine.engine import Engine
    from embedingest.server.access import Need
    from embedingest.server.assistants import Assistants
    from embedingest.server.pipelines import PipelinesView
    from embedingest.server.readiness import StoreView
    from embedingest.server.state import Search
    from embedingest.server.tables import TableView

__all__ = ["FIRST_PARTS", "ROUTES", "App", "create_app"]

_log = logging.getLogger(__name__)

Handler = Callable[[ServerState, Request], "Awaitable[Response]"]

_GET: Final = ("GET",)
_GET_HEAD: Final = ("GET", "HEAD")
_POST: Final = ("POST",)

ROUTES: Final[Mapping[str, tuple[Handler, tuple[str, ...], Need]]] = {
    "/": (pages.root, _GET_HEAD, "open"),
    "/api/embed": (embed.embed, _POST, "embed"),
    "/api/embeddings": (embed.legacy, _POST, "embed"),
    "/api/tokenize": (embed.tokenize, _POST, "embed"),
    "/api/detokenize": (embed.detokenize, _POST, "embed"),
    "/api/tags": (models.tags, _GET_HEAD, "any"),
    "/api/show": (models.show, _POST, "any"),
    "/api/ps": (models.ps, _GET, "any"),
    "/api/version": (models.version, _GET_HEAD, "any"),
    "/api/pull": (pulls.pull, _POST, "control"),
    "/api/generate": (models.generate, _POST, "control"),
    "/api/chat": (models.chat, _POST, "any"),
    "/api/delete": (models.refuse, ("DELETE",), "any"),
    "/api/copy": (models.refuse, _POST, "any"),
    "/api/create": (models.refuse, _POST, "any"),
    "/api/push": (models.refuse, _POST, "any"),
    "/api/search": (search.search, _POST, "search"),
    "/api/document": (document.document, _POST, "search"),
    "/api/rerank": (rerank.rerank, _POST, "embed"),
    "/rerank": (rerank.rerank, _POST, "embed"),
    "/v1/rerank": (rerank.rerank, _POST, "embed"),
    "/v2/rerank": (rerank.rerank, _POST, "embed"),
    "/embed": (embed.of_tei, _POST, "embed"),
    "/embed_sparse": (sparse.embed_sparse, _POST, "embed"),
    "/v1/embeddings": (embed.embeddings, _POST, "embed"),
    "/info": (info.info, _GET, "any"),
    "/v1/models": (models.model_list, _GET, "any"),
    "/v1/models/{model}": (models.model, _GET, "any"),
    "/api/blobs/{digest}": (models.refuse, ("HEAD", "POST"), "any"),
    "/mcp": (mcp.message, _POST, "search"),
    "/healthz": (pages.health, _GET_HEAD, "open"),
    "/readyz": (pages.ready, _GET_HEAD, "any"),
    "/metrics": (pages.metrics, _GET, "control"),
    "/openapi.json": (pages.openapi, _GET, "page"),
    "/docs": (pages.docs, _GET, "page"),
    "/ui": (ui.index, _GET_HEAD, "front"),
    "/ui/data/pipelines": (pipelines.pipelines, _GET, "control"),
    "/ui/data/events": (pipelines.events, _GET_HEAD, "control"),
    "/ui/data/act": (pipelines.act, _POST, "control"),
    "/ui/session": (session.session, ("DELETE", "GET", "POST"), "shell"),
    "/ui/files/{release}/{file}": (ui.asset, _GET_HEAD, "open"),
    "/ui/data/search": (page_data.search, _POST, "search"),
    "/ui/data/chunks": (page_data.chunks, _POST, "search"),
    "/ui/data/nearest": (page_data.nearest, _POST, "search"),
    "/ui/data/facets": (page_data.facets, _GET, "search"),
    "/ui/data/rerankers": (page_data.rerankers, _GET, "search"),
    "/ui/data/map": (map_route.table_map, ("GET", "POST"), "search"),
}
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
FIRST_PARTS: Final = frozenset(path.split("/")[1] for path in ROUTES) - {""}
"""The first part of each path that is served."""


def create_app(
    engine: Engine,
    settings: ServerConfig,
    search_table: Search | None = None,
    *,
    table: TableView | None = None,
    pipelines: PipelinesView | None = None,
    stores: Callable[[], Sequence[StoreView]] | None = None,
    assistants: Assistants | None = None,
    bound: str | None = None,
) -> App:
    """The ASGI application over an engine.

    `search_table(query, limit=, mode=, filter=, group=)` answers `/api/search` with the document of `search --json`; it
    is called on a thread. `table` is what the page and `/api/document` look into, `pipelines` are those that are shown
    and steered, `stores` the tables without which it is not ready; `assistants` answers those that speak MCP. `bound`
    is the host really listened on, if it is not `settings.host`. The engine stays the caller's: closing it is not the
    application's business. Raises ConfigError for what is no engine, and where the vocabulary of `settings.token_ids`
    is not on this machine.
    """
    guard = Guard(settings, settings.host if bound is None else bound)
    vocabulary = None if settings.token_ids is None else find_vocabulary()
    served = served_engine(engine)
    readiness = Readiness(served, stores=stores, pipelines=pipelines, least_bytes=settings.min_free_bytes)
    return App(ServerState(served, settings, guard, readiness, search_table, vocabulary, pipelines, table, assistants))


class App(FastAPI):
    """One server's application. `server_state` is what its routes share.

    Around the routes: counts, times and logs each request; checks Origin, Host and key before it is routed. The library
    finds the route, and its layers are gone through only where a program added something: each costs a short query as
    much as reading it. Its own pages, description and redirects are off: the pages ask other hosts for scripts, the
    decoder is more lenient than any schema, and a redirect is spelled as gin spells it.
    """

    def __init__(self, state: ServerState) -> None:
        super().__init__(openapi_url=None, redirect_slashes=False, lifespan=_lifespan)
        self.server_state = state
        self._proxies = Proxies(state.settings, FIRST_PARTS)
        self.router.routes.extend(_route(_Endpoint(state, path, *route)) for path, route in ROUTES.items())
        self.router.default = _unrouted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        if scope["type"] != "http":
            await self._routed(scope, receive, send)
            return
        if "//" in scope["path"]:
            scope["path"] = re.sub("//+", "/", scope["path"])  # repeated slashes count as one (case 119)
        seen = self._proxies.seen(scope)
        request = scope[REQUEST] = Request(scope, receive)
        request.client_address, request.is_https, request.prefix = seen.client, seen.is_https, seen.prefix
        metrics = self.server_state.metrics
        began = time.perf_counter()
        metrics.in_flight.inc()
        try:
            with tracing.request(scope["method"], scope["headers"]) as traced:
                status = await self._answer(request, seen.problem, receive, send)
                traced.answered(request.route, status)
        except Disconnected:
            metrics.cancelled.inc()
            return
        finally:
            metrics.in_flight.dec()
        seconds = time.perf_counter() - began
        metrics.answered(request.route, status, seconds)
        _log.info("answered %s %s status=%d seconds=%.4f", scope["method"], scope["path"], status, seconds)

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not (self.user_middleware or len(self.router.routes) > len(ROUTES)):
            await self.router(scope, receive, send)
            return
        own = self.router.routes[: len(ROUTES)]
        refused = None
        if REQUEST in scope and not any(route.matches(scope)[0] is Match.FULL for route in own):
            refused = self.server_state.guard.unknown(scope[REQUEST], "any")  # of a route that a program added
        await (refused or super().__call__)(scope, receive, send)

    async def _answer(self, request: Request, problem: str | None, receive: Receive, send: Send) -> int:
        """Answer, and return the status. The first check that refuses is the answer."""
        state, scope = self.server_state, request.scope
        guard = state.guard
        lying = None if problem is None else refusal(request, 400, problem)
        refused, cors = guard.origin(request)
        answer = lying or guard.malformed(request) or refused or guard.host(request) or self._routed
        guard.callers.identify(request)
        added = [*_raw(cors), _NOSNIFF] if cors else [_NOSNIFF]
        status = 0

        async def send_with_cors(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if request.delay:
                    await guard.callers.wrong_keys.hold(request.delay, state.stop)
                message["headers"] = [*message["headers"], *added]
            await send(message)

        try:
            with state.answers.room() as request.room:
                await answer(scope, receive, send_with_cors)
        except Disconnected:
            raise
        except asyncio.CancelledError as error:  # by the server, whose time to stop is over
            if status or not state.stop.is_set():
                raise Disconnected from error
            await _error_answer(request, WireError(503, STOPPING), state)(scope, receive, send_with_cors)
        except Exception as error:
            if status:
                raise
            await _error_answer(request, error, state)(scope, receive, send_with_cors)
        return status


@contextlib.asynccontextmanager
async def _lifespan(app: App) -> AsyncIterator[None]:
    state = app.server_state
    tasks = [asyncio.create_task(task(state)) for task in (preload, keep_looking, follow_keys)]
    yield
    state.stop.set()
    for task in tasks:
        task.cancel()


def _raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


class _Endpoint:
    """What the library calls for a path: method, access, body, handler, in this order; errors as the path has them."""

    def __init__(self, state: ServerState, path: str, handler: Handler, methods: tuple[str, ...], need: Need) -> None:
        self.path = path
        self._state = state
        self._handler = handler
        self._methods = methods
        self._need = need

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request: Request = scope[REQUEST]
        request.route = self.path
        await (await self._response(request))(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        if (refused := self._state.guard.unknown(request, self._need)) is not None:
            return refused
        if request.method not in self._methods:
            return _not_served(request, 405, "405 method not allowed", [("Allow", ", ".join(sorted(self._methods)))])
        if (refused := self._state.guard.refused(request, self._need)) is not None:
            return refused
        try:
            response = await self._handled(request)
            if isinstance(response, Answer):
                request.room.extend(response.size)
            return response
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001 -- `wire_error` is the one table of errors; what is not in it is logged
            return _error_answer(request, error, self._state)

    async def _handled(self, request: Request) -> Response:
        if request.method != "POST":
            return await self._handler(self._state, request)
        async with read_body(self._state, request):
            return await self._handler(self._state, request)


def _route(endpoint: _Endpoint) -> Route:
    # For every method, since the endpoint answers the others; a model's name may have slashes.
    return Route(endpoint.path.replace("{model}", "{model:path}"), endpoint, name=endpoint.path)


async def _unrouted(scope: Scope, receive: Receive, send: Send) -> None:
    """A path that is not served."""
    request: Request = scope[REQUEST]
    if (refused := scope["app"].server_state.guard.unknown(request, "any")) is not None:
        answer = refused
    elif (trimmed := request.path.rstrip("/")) in ROUTES:
        moved = 301 if request.method == "GET" else 307
        answer = Answer(moved, media=None, headers=[("Location", request.with_query(request.prefix + trimmed))])
    else:
        answer = _not_served(request, 404, "404 page not found")
    await answer(scope, receive, send)


def _not_served(request: Request, status: int, text: str, headers: Headers | None = None) -> Answer:
    """A path or method that is not served, as gin answers it."""
    if request.path == "/v1" or request.path.startswith("/v1/"):
        return refusal(request, status, text, headers=headers)
    return plain(text, status, media="text/plain", headers=headers)


def _error_answer(request: Request, error: Exception, state: ServerState) -> Answer:
    refused = wire_error(error)
    if refused.status == 500 and not isinstance(error, WireError):  # 503 is counted, not logged
        _log.error(
            "failed %s %s: %s", request.method, request.path, error, exc_info=refused.text.startswith("internal")
        )
    headers = []
    if refused.status in (413, 503):
        state.metrics.rejected.labels("too_large" if refused.status == 413 else "busy").inc()
    if refused.status == 503:
        headers.append(("Retry-After", "1"))
    if refused.status == 415:
        headers.append(("Accept-Encoding", ", ".join(encodings())))
    if refused.status == 413:
        headers.append(("Connection", "close"))
    return refusal(request, refused.status, refused.text, refused.extra, headers)
