"""Deadlines and bounds for what clients send: uvicorn's HTTP/1.1 protocol with timers of our own. Knows bytes only.

A client that says nothing has `head_seconds` from its connection on; a head has them from its own first byte; a body
has `body_seconds` from its head on, the time before we read it included. A late client gets 408 and is closed. While
an answer is on its way no clock runs for what the client already sends behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from embedingest.server.wire import ollama, openai

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["MAX_HEAD_BYTES", "timed_protocol"]

MAX_HEAD_BYTES: Final = 64 * 1024

_IDLE, _HEAD, _BODY = "idle", "head", "body"
_LINE_BYTES: Final = 4  # of a header beside its name and value: the colon, the blank, and the end of the line
_PHRASES: Final = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}
_TOO_LARGE: Final = f"the head has more than {MAX_HEAD_BYTES} bytes"
_VERSIONS: Final = ("1.0", "1.1")  # the parser takes 0.9 and 2.0 too, with rules of their own for who closes
_UPGRADES: Final = (b"upgrade", b"http2-settings")


class _RefusedError(Exception):
    """Raised through the parser, which stops: a status and a text."""


class _TimedProtocol(HttpToolsProtocol):
    """One connection. `head_seconds` and `body_seconds` are set by `timed_protocol`.

    `_phase` is what of the next request has begun to arrive, `_current` the request that is being answered.
    """

    head_seconds: float
    body_seconds: float

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._deadline: asyncio.TimerHandle | None = None
        self._phase = _IDLE
        self._head_bytes = 0  # of the head's parts that are whole
        self._packet_bytes = 0  # of the packets in which a head has not ended
        self._current: RequestResponseCycle | None = None
        self._is_deaf = False

    # -- what the connection does

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        for cycle in (self._current, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_deaf or self.transport.is_closing():
            return
        if self._phase != _BODY:
            self._packet_bytes += len(data)
        rest: bytes | None = data
        while rest is not None:
            rest = self._feed(rest)
        if self._phase == _IDLE:
            self._packet_bytes = 0  # empty lines between two requests are of neither
        elif self._phase == _HEAD and self._packet_bytes > MAX_HEAD_BYTES:
            self._refuse(431, _TOO_LARGE)

    def _feed(self, data: bytes) -> bytes | None:
        """Parse; returns what is to be parsed next, once an `Upgrade` that nobody takes was left out."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            refused = error.__context__
            status, text = refused.args if isinstance(refused, _RefusedError) else (400, "this is no HTTP request")
            self._refuse(status, text)
        return None

    def _without_upgrade(self, rest: bytes) -> bytes | None:
        """The request as if it had not asked for another protocol, which it must not insist on.

        The parser leaves the body of such a request unread; a new one reads the head again without the question.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(400, "CONNECT is for proxies; this is none")
            return None
        lines = [b"%s %s HTTP/%s" % (method, self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            kept = _without_upgrade_tokens(value) if name == b"connection" else value
            if name not in _UPGRADES:
                lines.append(name + b": " + kept)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join(lines) + b"\r\n\r\n" + rest

    # -- what the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()
        self._phase, self._head_bytes = _HEAD, 0
        if self._current is None:
            self._set_deadline()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + _LINE_BYTES)
        if self._phase == _HEAD:  # what comes after a body says nothing of the request
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        if any(value.strip().lower() != b"chunked" for name, value in self.headers if name == b"transfer-encoding"):
            raise _RefusedError(
                400, "a body may be sent in chunks (`Transfer-Encoding: chunked`), packed in no other way"
            )
        if (version := self.parser.get_http_version()) not in _VERSIONS:
            raise _RefusedError(400, f"this server speaks HTTP/1.1, not HTTP/{version}")
        waiting = len(self.pipeline)
        super().on_headers_complete()  # refuses what is no address
        self._phase, self._head_bytes, self._packet_bytes = _BODY, 0, 0
        if len(self.pipeline) == waiting:
            self._current = self.cycle
            self._set_deadline()

    def on_message_complete(self) -> None:
        if self._phase != _BODY:  # of a head that asks for another protocol
            return
        self._phase = _IDLE
        self._clear_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._current = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        is_next = self._current is None or self._current is self.cycle
        if self._deadline is None and self._phase != _IDLE and is_next:
            self._set_deadline()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise _RefusedError(431, _TOO_LARGE)

    # -- who is late or wrong

    def _set_deadline(self) -> None:
        self._clear_deadline()
        seconds, part = (self.body_seconds, "body") if self._phase == _BODY else (self.head_seconds, "head")
        self._deadline = self.loop.call_later(
            seconds, self._refuse, 408, f"the {part} of the request did not arrive in time"
        )

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int, text: str) -> None:
        """Answer, unless an answer has begun, and close; a handler that waits for the body sees a disconnect."""
        self._clear_deadline()
        if self.transport.is_closing():
            return
        current, is_in_body = self._current, self._phase == _BODY
        if current is not None and not (is_in_body and current is self.cycle):
            self._refuse_after(current, is_in_body=is_in_body)
            return
        if current is None or not current.response_started:
            is_openai = self._phase != _IDLE and self.url.startswith(b"/v1/")
            write_error = openai.error_body if is_openai else _ollama_error
            self.transport.write(_answer(status, write_error(status, text, {})))
        self.transport.close()

    def _refuse_after(self, current: RequestResponseCycle, *, is_in_body: bool) -> None:
        """What was asked before is answered; then the connection ends, and nothing more is read from it."""
        self._is_deaf = True
        if is_in_body:
            self.pipeline.popleft()
        last = self.pipeline[0][0] if self.pipeline else current
        last.keep_alive = False


def timed_protocol(head_seconds: float, body_seconds: float) -> type[HttpToolsProtocol]:
    """The protocol with these deadlines, for uvicorn's `http` setting."""
    members = {"head_seconds": head_seconds, "body_seconds": body_seconds, "__doc__": _TimedProtocol.__doc__}
    return type("TimedProtocol", (_TimedProtocol,), members)


def _answer(status: int, body: bytes) -> bytes:
    head = b"HTTP/1.1 %d %s\r\ncontent-type: application/json; charset=utf-8\r\n" % (status, _PHRASES[status])
    head += b"connection: close\r\nx-content-type-options: nosniff\r\n"
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


def _ollama_error(_status: int, text: str, extra: dict[str, object]) -> bytes:
    return ollama.error_body(text, extra)


def _without_upgrade_tokens(value: bytes) -> bytes:
    return b", ".join(token for part in value.split(b",") if (token := part.strip()).lower() not in _UPGRADES)
