"""The route of assistants: `POST /mcp`. Knows how a request is handed on and its answer taken; knows no tool."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import orjson

from embedingest.errors import ConfigError
from embedingest.server.http import Answer, Request
from embedingest.server.wire.decode import WireError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

    from embedingest.server.state import ServerState

__all__ = ["message"]

_TOLD: Final = (
    *("type", "asgi", "http_version", "method", "scheme", "path", "raw_path", "query_string", "root_path"),
    *("headers", "client", "server"),
)
"""Of a request's scope, what is handed on."""


async def message(state: ServerState, request: Request) -> Answer:
    """`POST /mcp`: one message of the protocol, answered by one JSON document; no session, no stream."""
    make = state.assistants_for(request)
    _check_id(request.content)
    try:
        application = await state.threads.run(make)
    except ConfigError as error:
        raise WireError(501, str(error)) from error
    return await state.unless_disconnected(request, _answered(application, request))


def _check_id(body: bytes) -> None:
    """Raises WireError (400) for a request whose id is null, which the library would take for no request at all."""
    try:
        asked = orjson.loads(body)
    except ValueError:
        return  # the library says in its own words what is wrong with it
    if isinstance(asked, dict) and "method" in asked and asked.get("id", 0) is None:
        raise WireError(400, "the id of a request must be a text or a number, not null; leave it out of a notification")


async def _answered(application: ASGIApp, request: Request) -> Answer:
    """The answer of an application to a request whose body was read, whole."""
    status, headers, parts = 500, [], []
    body = [request.content]

    async def receive() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await asyncio.get_running_loop().create_future()  # who waits for the client's end is cancelled with it
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
        else:
            parts.append(message.get("body", b""))

    await application({name: request.scope[name] for name in _TOLD if name in request.scope}, receive, send)
    named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    media = next((value for name, value in named if name.lower() == "content-type"), None)
    kept = [(name, value) for name, value in named if name.lower() not in ("content-type", "content-length")]
    return Answer(status, b"".join(parts), media, kept)
