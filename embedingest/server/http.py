"""The HTTP values of this server: a request with its body, an answer. Knows Starlette's; knows no routes.

Thin over the library, so that statuses, media types and bodies are exactly what the wire says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from starlette.requests import Request as _Request
from starlette.responses import Response, StreamingResponse

from embedingest.server.access import NOBODY, Access
from embedingest.server.wire import jsonrpc, ollama, openai
from embedingest.server.wire.escape import escaped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import Receive, Scope, Send

    from embedingest.server.answers import Room

__all__ = [
    "REQUEST",
    "Answer",
    "Disconnected",
    "Headers",
    "Request",
    "html",
    "json_answer",
    "plain",
    "refusal",
    "stream",
]

Headers = list[tuple[str, str]]

JSON: Final = "application/json; charset=utf-8"
PLAIN: Final = "text/plain; charset=utf-8"
REQUEST: Final = "embedingest.request"
"""Where its scope has the request."""
_PART_BYTES: Final = 256 * 1024  # of an answer; the next is handed over when the client has taken it


class Disconnected(Exception):  # noqa: N818 -- what the client did is no error of ours
    """The client went away before its answer was ready."""


class Request(_Request):
    """One request. `content` is its body once `read_body` has read it: bounded, and counted while in memory.

    `room` is what its answer may take of the memory for answers, `route` the path of `app.ROUTES` that answers it,
    `access` what it may do, `client_address` where it comes from. `prefix` is the path under which its sender sees this
    server, `is_https` whether its connection is encrypted. `delay` are seconds that its answer waits.
    """

    content: bytes = b""
    route: str = "unknown"
    access: Access = NOBODY
    client_address: str = ""
    prefix: str = ""
    is_https: bool = False
    delay: float = 0.0
    room: Room

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    def with_query(self, path: str) -> str:
        """The path with what was asked of this one, for a redirect."""
        query: bytes = self.scope.get("query_string", b"")
        return f"{path}?{query.decode('latin-1')}" if query else path

    async def wait_for_disconnect(self) -> None:
        """Returns when the client has disconnected. Only after the body was read."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


class Answer(Response):
    """An answer sent whole. `media` is the exact content type: the library would add a charset of its own."""

    def __init__(
        self,
        status: int = 200,
        body: bytes | list[bytes] = b"",
        media: str | None = JSON,
        headers: Headers | None = None,
    ) -> None:
        """`body` may be in pieces: joined, one of a hundred megabytes would hold everything up."""
        self._pieces = [body] if isinstance(body, bytes) else body
        self.size = sum(map(len, self._pieces))
        fixed = {} if isinstance(body, bytes) else {"content-length": str(self.size)}
        if media is not None and (self.size or status == 200):
            fixed["content-type"] = media
        super().__init__(body if isinstance(body, bytes) else b"", status, fixed)
        for name, value in headers or ():
            self.headers.append(name, value)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        """Send it in parts, each once the one before was taken."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        waiting: list[bytes] = []
        size = 0
        for piece in self._pieces:
            for start in range(0, len(piece), _PART_BYTES):
                if size >= _PART_BYTES:
                    await send({"type": "http.response.body", "body": b"".join(waiting), "more_body": True})
                    waiting, size = [], 0
                waiting.append(piece[start : start + _PART_BYTES])
                size += len(waiting[-1])
        await send({"type": "http.response.body", "body": b"".join(waiting)})


def stream(parts: AsyncIterator[bytes], media: str) -> StreamingResponse:
    """A body that is sent part by part, as its parts come."""
    return StreamingResponse(parts, headers={"content-type": media})


def json_answer(value: object, status: int = 200, *, headers: Headers | None = None) -> Answer:
    """A JSON document in Go's spelling: `<`, `>` and `&` inside strings are escaped (case 105)."""
    return Answer(status, escaped(orjson.dumps(value)), headers=headers)


def refusal(
    request: Request, status: int, text: str, extra: Mapping[str, object] | None = None, headers: Headers | None = None
) -> Answer:
    """An error in the spelling of whose path was asked: OpenAI's object under `/v1`, JSON-RPC's, else Ollama's."""
    if request.path == jsonrpc.PATH:
        return Answer(status, jsonrpc.error_body(text, extra or {}), "application/json", headers)
    if request.path == "/v1" or request.path.startswith("/v1/"):
        return Answer(status, openai.error_body(status, text, extra or {}), "application/json", headers)
    return Answer(status, ollama.error_body(text, extra or {}), headers=headers)


def plain(text: str, status: int = 200, *, media: str = PLAIN, headers: Headers | None = None) -> Answer:
    """A line of text, as gin (Ollama's router) answers what has no route."""
    return Answer(status, text.encode(), media, headers)


def html(page: bytes) -> Answer:
    """A page that may ask nothing of any other host."""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"
    )
    headers = [
        ("Content-Security-Policy", f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        ("Referrer-Policy", "no-referrer"),
    ]
    return Answer(200, page, "text/html; charset=utf-8", headers)
