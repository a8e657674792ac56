"""The application: which route answers what, in which order the doors are passed, how errors are spelled.

`create_app` is the way in. Knows FastAPI and routes; what they mean is in the modules they come from.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, Response
from fastapi import Request as RoutedRequest
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from embedingest.server import catalogue, embed, pages
from embedingest.server.body import read_body
from embedingest.server.guard import Guard
from embedingest.server.http import Answer, Disconnected, Headers, Request, plain
from embedingest.server.served import served
from embedingest.server.service import Search, Service, wire_error
from embedingest.server.wire import ollama, openai
from embedingest.server.wire.decode import WireError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from embedingest.config import ServerConfig
    from embedingest.engine.engine import Engine

__all__ = ["ROUTES", "App", "create_app"]

_log = logging.getLogger(__name__)

Handler = Callable[[Service, Request], Awaitable[Response]]
Route = tuple[Handler, tuple[str, ...]]

_GET: Final = ("GET",)
_GET_HEAD: Final = ("GET", "HEAD")
_POST: Final = ("POST",)

ROUTES: Final[Mapping[str, Route]] = {
    "/": (pages.root, _GET_HEAD),
    "/api/embed": (embed.embed, _POST),
    "/api/embeddings": (embed.legacy, _POST),
    "/api/tokenize": (embed.tokenize, _POST),
    "/api/detokenize": (embed.detokenize, _POST),
    "/api/tags": (catalogue.tags, _GET_HEAD),
    "/api/show": (catalogue.show, _POST),
    "/api/ps": (catalogue.ps, _GET),
    "/api/version": (catalogue.version, _GET_HEAD),
    "/api/pull": (catalogue.pull, _POST),
    "/api/generate": (catalogue.generate, _POST),
    "/api/chat": (catalogue.chat, _POST),
    "/api/delete": (catalogue.refuse, ("DELETE",)),
    "/api/copy": (catalogue.refuse, _POST),
    "/api/create": (catalogue.refuse, _POST),
    "/api/push": (catalogue.refuse, _POST),
    "/api/search": (pages.search, _POST),
    "/v1/embeddings": (embed.embeddings, _POST),
    "/v1/models": (catalogue.model_list, _GET),
    "/v1/models/{model}": (catalogue.model, _GET),
    "/api/blobs/{digest}": (catalogue.refuse, ("HEAD", "POST")),
    "/healthz": (pages.health, _GET_HEAD),
    "/readyz": (pages.ready, _GET_HEAD),
    "/metrics": (pages.metrics, _GET),
    "/openapi.json": (pages.openapi, _GET),
    "/docs": (pages.docs, _GET),
    "/ui": (pages.ui, _GET),
}
CONTROL: Final = frozenset({"/api/search", "/api/pull", "/api/generate", "/ui", "/metrics"})


def create_app(
    engine: Engine, settings: ServerConfig, search: Search | None = None, *, bound: str | None = None
) -> App:
    """The ASGI application over an engine.

    `search(query, limit=, mode=, filter=, group=)` answers `/api/search` with the document of `search --json`; it is
    called on a thread. `bound` is the host really listened on, if it is not `settings.host`. The engine stays the
    caller's: closing it is not the application's business. Raises ConfigError for what is no engine.
    """
    guard = Guard(settings, settings.host if bound is None else bound)
    return App(Service(served(engine), settings, guard, search))


class App(FastAPI):
    """One server's application. `service` is its state, for whoever runs it.

    The library's own pages, description and redirects are off: its pages ask other hosts for scripts, the decoder is
    more lenient than any schema, and a redirect is spelled as gin spells it.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(
            openapi_url=None,
            redirect_slashes=False,
            lifespan=_lifespan,
            middleware=[Middleware(_Doors, service=service)],
            exception_handlers={HTTPException: _unrouted},
        )
        self.service = service
        for path, (handler, methods) in ROUTES.items():
            self.add_api_route(path, _endpoint(service, path, handler), methods=list(methods), response_model=None)


@contextlib.asynccontextmanager
async def _lifespan(app: App) -> AsyncIterator[None]:
    preloading = asyncio.create_task(_preload(app.service))
    yield
    app.service.stopping = True
    preloading.cancel()


async def _preload(service: Service) -> None:
    for name in service.settings.preload:
        try:
            await service.engine.aembed([], model=name)
        except Exception as error:  # noqa: BLE001  (said in the log; a request for it says it again)
            _log.error("preload failed model=%s error=%s", name, error)
    service.ready = True


class _Doors:
    """Around the routes: counts, times, the log; and Origin, Host and key, asked before there is a route.

    Repeated slashes count as one (case 119). A plain ASGI middleware, so that a handler still hears a client leave.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["path"] = re.sub("//+", "/", scope["path"])
        metrics = self._service.metrics
        began = time.perf_counter()
        metrics.in_flight += 1
        try:
            status = await self._pass(scope, receive, send)
        except Disconnected:
            metrics.cancelled += 1
            return
        finally:
            metrics.in_flight -= 1
        seconds = time.perf_counter() - began
        metrics.answered(getattr(scope.get("route"), "path", "unknown"), status, seconds)
        _log.info("answered %s %s status=%d seconds=%.4f", scope["method"], scope["path"], status, seconds)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> int:
        """The status of the answer. The first door that refuses answers."""
        request, guard = Request(scope, receive), self._service.guard
        refusal, cors = guard.origin(request)
        answer = refusal or guard.host(request) or guard.key(request) or self._app
        status = 0

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_raw(cors)]
            await send(message)

        await answer(scope, receive, told)
        return status


def _raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _endpoint(service: Service, path: str, handler: Handler) -> Callable[[RoutedRequest], Awaitable[Response]]:
    """What the library calls: control, body, handler, in this order; errors in the spelling of the route."""
    guarded, openai_form = path in CONTROL, path.startswith("/v1/")

    async def endpoint(routed: RoutedRequest) -> Response:
        request = Request(routed.scope, routed.receive)
        if guarded and (refused := service.guard.control(request)) is not None:
            return refused
        try:
            return await _handle(service, request, handler)
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001  (the one table of errors; what is not in it is logged)
            return _refused(request, error, service, openai_form=openai_form)

    return endpoint


async def _handle(service: Service, request: Request, handler: Handler) -> Response:
    if request.method != "POST":
        return await handler(service, request)
    async with read_body(service, request):
        return await handler(service, request)


async def _unrouted(request: RoutedRequest, error: Exception) -> Response:
    """A path or method that is not served, as gin answers it."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = ", ".join(sorted(request.scope["route"].methods))
        return plain("405 method not allowed", 405, media="text/plain", headers=[("Allow", allowed)])
    trimmed = request.scope["path"].rstrip("/")
    if trimmed in ROUTES:
        return Answer(301 if request.method == "GET" else 307, media=None, headers=[("Location", trimmed)])
    return plain("404 page not found", 404, media="text/plain")


def _refused(request: Request, error: Exception, service: Service, *, openai_form: bool) -> Answer:
    refusal = wire_error(error)
    if refusal.status == 500 and not isinstance(error, WireError):  # being busy is said by the metrics
        _log.error(
            "failed %s %s: %s", request.method, request.path, error, exc_info=refusal.text.startswith("internal")
        )
    headers = []
    if refusal.status in (413, 503):
        service.metrics.rejected["too_large" if refusal.status == 413 else "busy"] += 1
    if refusal.status == 503:
        headers.append(("Retry-After", "1"))
    if refusal.status == 413:
        headers.append(("Connection", "close"))
    if openai_form:
        body = openai.error_body(refusal.status, refusal.text, refusal.extra)
        return Answer(refusal.status, body, "application/json", headers)
    return Answer(refusal.status, ollama.error_body(refusal.text, refusal.extra), headers=headers)
