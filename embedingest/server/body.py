"""Reading a request's body: bounded in size, and all bodies together bounded in memory. Knows no JSON."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from embedingest.server.http import Disconnected, Request
from embedingest.server.state import BUSY
from embedingest.server.wire.decode import WireError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from embedingest.server.state import ServerState

__all__ = ["read_body"]

_BODIES_AT_ONCE: Final = 8  # as many bodies of the largest size may be in memory together
_DRAINED: Final = 4  # so many times the largest size is read and thrown away, so that the client sees the refusal


@contextlib.asynccontextmanager
async def read_body(state: ServerState, request: Request) -> AsyncIterator[None]:
    """Fill `request.content`; its bytes count against the server's memory until the block ends.

    Raises WireError (413, 503), Disconnected.
    """
    most = state.settings.max_body_bytes
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > most:
        await _drain(request, most)
        raise _too_large(f"{int(said)} bytes", most)
    held = 0
    try:
        parts: list[bytes] = []
        while True:
            part, more = await _next(request)
            held += len(part)
            state.body_bytes += len(part)
            if held > most:
                if more:
                    await _drain(request, most)
                raise _too_large(f"more than {held - 1} bytes", most)
            if state.body_bytes > most * _BODIES_AT_ONCE:
                raise WireError(503, BUSY)
            parts.append(part)
            if not more:
                break
        request.content = b"".join(parts)
        yield
    finally:
        state.body_bytes -= held


async def _next(request: Request) -> tuple[bytes, bool]:
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


async def _drain(request: Request, most: int) -> None:
    """Read on without keeping, or the client would see a broken connection instead of the refusal."""
    if request.headers.get("expect", "").lower() == "100-continue":
        return
    left, more = most * _DRAINED, True
    while more and left > 0:
        part, more = await _next(request)
        left -= len(part)


def _too_large(size: str, most: int) -> WireError:
    return WireError(413, f"the body has {size}; the limit is {most}")
