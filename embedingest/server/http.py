"""The HTTP values of this server: a request that reads its body, an answer. Knows ASGI; knows no routes.

Small enough to be read in one sitting, so that statuses, header order and bodies are exactly what the wire says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["ASGIApp", "Answer", "Disconnected", "Receive", "Request", "Scope", "Send", "html", "json_answer", "plain"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = "application/json; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"


class Disconnected(Exception):  # noqa: N818  (a fact, not an error)
    """The client went away before its answer was ready."""


@dataclass(slots=True)
class Request:
    """One request. Header names are lower case; a header given twice keeps its last value."""

    method: str
    path: str
    headers: Mapping[str, str]
    receive: Receive
    body: bytes = b""

    @classmethod
    def of(cls, scope: Scope, receive: Receive) -> Request:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return cls(scope["method"], scope["path"], headers, receive)

    async def gone(self) -> None:
        """Returns when the client has gone. Only after the body was read."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


@dataclass(slots=True)
class Answer:
    """One answer: a whole body, or a stream of parts."""

    status: int = 200
    body: bytes = b""
    media: str | None = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)
    stream: AsyncIterator[bytes] | None = None

    async def send(self, send: Send) -> None:
        headers = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in self.headers]
        if self.media is not None and (self.body or self.stream or self.status == 200):
            headers.append((b"content-type", self.media.encode("latin-1")))
        if self.stream is None and self.status != 204:
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if self.stream is not None:
            async for part in self.stream:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": self.body})


def json_answer(value: object, status: int = 200, *, headers: list[tuple[str, str]] | None = None) -> Answer:
    """A JSON document in Go's spelling: `<`, `>` and `&` inside strings are escaped (case 105)."""
    return Answer(status, escaped(orjson.dumps(value)), headers=headers or [])


def escaped(document: bytes) -> bytes:
    """JSON as Go writes it; these characters can stand nowhere but inside strings."""
    for plain_form, form in _ESCAPES:
        if plain_form in document:
            document = document.replace(plain_form, form)
    return document


_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def plain(text: str, status: int = 200, *, media: str = PLAIN, headers: list[tuple[str, str]] | None = None) -> Answer:
    """A line of text, as gin answers what has no route."""
    return Answer(status, text.encode(), media, headers or [])


def html(page: bytes) -> Answer:
    """A page that may ask nothing of any other host."""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"
    )
    headers = [
        ("Content-Security-Policy", f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]
    return Answer(200, page, "text/html; charset=utf-8", headers)
