"""The application: which route answers what, in which order the doors are passed, how errors are spelled.

`create_app` is the way in. Knows routes; what they mean is in the modules they come from.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.server import catalogue, embed, pages
from embedingest.server.body import read_body
from embedingest.server.guard import Guard
from embedingest.server.http import Answer, Disconnected, Receive, Request, Scope, Send, plain
from embedingest.server.service import Search, Service, wire_error
from embedingest.server.wire import ollama, openai
from embedingest.server.wire.decode import WireError

if TYPE_CHECKING:
    from embedingest.config import ServerConfig
    from embedingest.engine.local import LocalEngine

__all__ = ["App", "create_app"]

_log = logging.getLogger(__name__)

Handler = Callable[[Service, Request], Awaitable[Answer]]

_GET_HEAD: Final = ("GET", "HEAD")


def _get(handler: Handler, *, head: bool = False) -> Mapping[str, Handler]:
    return dict.fromkeys(_GET_HEAD if head else ("GET",), handler)


ROUTES: Final[Mapping[str, Mapping[str, Handler]]] = {
    "/": _get(pages.root, head=True),
    "/api/embed": {"POST": embed.embed},
    "/api/embeddings": {"POST": embed.legacy},
    "/api/tokenize": {"POST": embed.tokenize},
    "/api/detokenize": {"POST": embed.detokenize},
    "/api/tags": _get(catalogue.tags, head=True),
    "/api/show": {"POST": catalogue.show},
    "/api/ps": _get(catalogue.ps),
    "/api/version": _get(catalogue.version, head=True),
    "/api/pull": {"POST": catalogue.pull},
    "/api/generate": {"POST": catalogue.generate},
    "/api/chat": {"POST": catalogue.chat},
    "/api/delete": {"DELETE": catalogue.refuse},
    "/api/copy": {"POST": catalogue.refuse},
    "/api/create": {"POST": catalogue.refuse},
    "/api/push": {"POST": catalogue.refuse},
    "/api/search": {"POST": pages.search},
    "/v1/embeddings": {"POST": embed.embeddings},
    "/v1/models": _get(catalogue.model_list),
    "/v1/models/*": _get(catalogue.model),
    "/api/blobs/*": {"HEAD": catalogue.refuse, "POST": catalogue.refuse},
    "/healthz": _get(pages.health, head=True),
    "/readyz": _get(pages.ready, head=True),
    "/metrics": _get(pages.metrics),
    "/openapi.json": _get(pages.openapi),
    "/docs": _get(pages.docs),
    "/ui": _get(pages.ui),
}
CONTROL: Final = frozenset({"/api/search", "/api/pull", "/api/generate", "/ui", "/metrics"})


def create_app(
    engine: LocalEngine, settings: ServerConfig, search: Search | None = None, *, bound: str | None = None
) -> App:
    """The ASGI application over an engine.

    `search(query, limit=, mode=, filter=, group=)` answers `/api/search` with the document of `search --json`; it is
    called on a thread. `bound` is the host really listened on, if it is not `settings.host`. The engine stays the
    caller's: closing it is not the application's business. Raises ConfigError for an engine of another kind.
    """
    if not hasattr(engine, "running"):
        raise ConfigError(
            f"engine {type(engine).__name__} cannot be served: only the local engine knows which models are loaded",
            remedy="serve with `engine: local`, or point clients at the other server",
        )
    guard = Guard(settings, settings.host if bound is None else bound)
    return App(Service(engine, settings, guard, search), guard)


class App:
    """One server's application. `service` is its state, for whoever runs it."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self.service = service
        self._guard = guard
        self._preloading: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(Request.of(scope, receive), send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._preloading = asyncio.create_task(self._preload())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.service.stopping = True
        self._preloading.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _preload(self) -> None:
        for name in self.service.settings.preload:
            try:
                await self.service.engine.aembed([], model=name)
            except Exception as error:  # noqa: BLE001  (said in the log; a request for it says it again)
                _log.error("preload failed model=%s error=%s", name, error)
        self.service.ready = True

    async def _http(self, request: Request, send: Send) -> None:
        began = time.perf_counter()
        metrics = self.service.metrics
        metrics.in_flight += 1
        route = "unknown"
        try:
            route, handlers = _match(request)
            answer = await self._pass(request, route, handlers)
        except Disconnected:
            metrics.cancelled += 1
            return
        finally:
            metrics.in_flight -= 1
        await answer.send(send)
        seconds = time.perf_counter() - began
        metrics.answered(route, answer.status, seconds)
        _log.info("answered %s %s status=%d seconds=%.4f", request.method, request.path, answer.status, seconds)

    async def _pass(self, request: Request, route: str, handlers: Mapping[str, Handler] | None) -> Answer:
        """Origin, Host, key, route, control, body, handler: in this order, the first that refuses answers."""
        refusal, cors = self._guard.origin(request)
        if refusal is not None:
            return refusal
        answer = self._guard.host(request) or self._guard.key(request)
        if answer is None:
            answer = await self._route(request, route, handlers)
        answer.headers += cors
        return answer

    async def _route(self, request: Request, route: str, handlers: Mapping[str, Handler] | None) -> Answer:
        if handlers is None:
            return _unrouted(request)
        handler = handlers.get(request.method)
        if handler is None:
            headers = [("Allow", ", ".join(handlers))]
            return plain("405 method not allowed", 405, media="text/plain", headers=headers)
        if route in CONTROL and (refused := self._guard.control(request)) is not None:
            return refused
        openai_form = route.startswith("/v1/")
        try:
            return await self._handle(request, handler)
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001  (the one table of errors; what is not in it is logged)
            return _refused(request, error, self.service, openai_form=openai_form)

    async def _handle(self, request: Request, handler: Handler) -> Answer:
        if request.method != "POST":
            return await handler(self.service, request)
        async with read_body(self.service, request):
            return await handler(self.service, request)


def _match(request: Request) -> tuple[str, Mapping[str, Handler] | None]:
    """The route of a path: repeated slashes count as one (case 119)."""
    path = request.path = re.sub("//+", "/", request.path)
    if path in ROUTES:
        return path, ROUTES[path]
    head, _, tail = path.rpartition("/")
    if tail and f"{head}/*" in ROUTES:
        return f"{head}/*", ROUTES[f"{head}/*"]
    return "unknown", None


def _unrouted(request: Request) -> Answer:
    trimmed = request.path.rstrip("/")
    if trimmed in ROUTES:
        status = 301 if request.method == "GET" else 307
        return Answer(status, media=None, headers=[("Location", trimmed)])
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
