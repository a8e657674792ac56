"""Deadlines for slow clients: uvicorn's HTTP/1.1 protocol with timers of our own. Knows bytes and timers only.

A head must arrive within `head_seconds` of the connection, or of its own first byte on a connection that is kept; a
body within `body_seconds` of its head, the time before we read it included. A late client gets 408 and is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["MAX_HEAD_BYTES", "timed_protocol"]

MAX_HEAD_BYTES: Final = 64 * 1024


class _TimedProtocol(HttpToolsProtocol):
    """One connection. `head_seconds` and `body_seconds` are set by `timed_protocol`."""

    head_seconds: float
    body_seconds: float

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._deadline: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_deadline(self.head_seconds, "the head of the request did not arrive in time")

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            if self._deadline is None:
                self._set_deadline(self.head_seconds, "the head of the request did not arrive in time")
            self._head_bytes += len(data)
        super().data_received(data)
        # One packet may end a head and bring its body, so only what is still unfinished counts against the head.
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large", f"the head has more than {MAX_HEAD_BYTES} bytes")

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._set_deadline(self.body_seconds, "the body of the request did not arrive in time")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._clear_deadline()
        super().on_message_complete()

    def _set_deadline(self, seconds: float, text: str) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._refuse, b"408 Request Timeout", text)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: bytes, text: str) -> None:
        """Answer, unless an answer has begun, and close; a handler that waits for the body sees a disconnect."""
        self._clear_deadline()
        if self.transport.is_closing():
            return
        answering = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not answering:
            body = orjson.dumps({"error": text})
            head = b"HTTP/1.1 " + status + b"\r\ncontent-type: application/json; charset=utf-8\r\n"
            self.transport.write(head + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()


def timed_protocol(head_seconds: float, body_seconds: float) -> type[HttpToolsProtocol]:
    """The protocol with these deadlines, for uvicorn's `http` setting."""
    members = {"head_seconds": head_seconds, "body_seconds": body_seconds, "__doc__": _TimedProtocol.__doc__}
    return type("TimedProtocol", (_TimedProtocol,), members)
