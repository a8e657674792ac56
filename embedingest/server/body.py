"""Reading a request's body: bounded in size, and all bodies together bounded in memory. Knows no JSON."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from embedingest.server.http import Disconnected, Request
from embedingest.server.unpack import unpacked
from embedingest.server.wire.decode import WireError
from embedingest.server.wire.refusals import BUSY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from embedingest.server.state import ServerState

__all__ = ["read_body"]

_MOST_DIGITS: Final = 19
_BODIES_AT_ONCE: Final = 8  # as many bodies of the largest size may be in memory together
_DRAINED_BODIES: Final = 4  # as many times the largest size is read and dropped, so that the client sees the refusal
_DRAINED_SECONDS: Final = 10.0
_SILENT_SECONDS: Final = 0.5


@contextlib.asynccontextmanager
async def read_body(state: ServerState, request: Request) -> AsyncIterator[None]:
    """Fill `request.content`; its bytes count against the server's memory until the block ends.

    A packed body is unpacked. Raises WireError (400, 413, 415, 503), Disconnected.
    """
    limit = state.settings.max_body_bytes
    declared = request.headers.get("content-length", "").lstrip("0")
    if declared.isdigit() and (len(declared) > _MOST_DIGITS or int(declared) > limit):
        await _drain(request, limit)
        raise _too_large(f"{declared[:_MOST_DIGITS]} bytes", limit)
    size = 0
    try:
        parts: list[bytes] = []
        while True:
            part, more = await _next(request)
            size += len(part)
            state.body_bytes += len(part)
            if size > limit:
                if more:
                    await _drain(request, limit)
                raise _too_large(f"more than {size - 1} bytes", limit)
            if state.body_bytes > limit * _BODIES_AT_ONCE:
                raise WireError(503, BUSY)
            parts.append(part)
            if not more:
                break
        request.content = b"".join(parts)
        parts.clear()
        if encoding := request.headers.get("content-encoding", ""):
            content = await state.decoding.run(unpacked, request.content, encoding, limit)
            state.body_bytes += len(content) - size
            size, request.content = len(content), content
        yield
    finally:
        request.content = b""  # the request itself is in circles, and stays until garbage is searched for
        state.body_bytes -= size


async def _next(request: Request) -> tuple[bytes, bool]:
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


async def _drain(request: Request, limit: int) -> None:
    """Read on and keep nothing: closed at once, the connection would break before the client reads the refusal.

    Who sends nothing for a moment reads it already, and nobody is read on for long.
    """
    if request.headers.get("expect", "").lower() == "100-continue":
        return
    remaining, more = limit * _DRAINED_BODIES, True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAINED_SECONDS):
            while more and remaining > 0:
                async with asyncio.timeout(_SILENT_SECONDS):
                    part, more = await _next(request)
                remaining -= len(part)


def _too_large(size: str, limit: int) -> WireError:
    return WireError(413, f"the body has {size}; the limit is {limit}")
