"""Deadlines and bounds for what clients send: uvicorn's HTTP/1.1 protocol with timers of our own. Knows bytes only.

A client that says nothing has `head_seconds` from its connection on; a head has them from its own first byte; a body
has `body_seconds` from its head on, the time before we read it included. A late client gets 408 and is closed. While
an answer is on its way no clock runs for what the client already sends behind it. Who does not take what is written is
broken off after `write_seconds`.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httptools

from embedingest.server.connection import Connection, Output
from embedingest.server.half_closed import is_reset
from embedingest.server.streams import ENDLESS
from embedingest.server.wire.refusals import STOPPING, TOO_MANY, no_request

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["MAX_HEAD_BYTES", "timed_protocol"]

MAX_HEAD_BYTES: Final = 64 * 1024

_IDLE, _HEAD, _BODY = "idle", "head", "body"
_LINE_BYTES: Final = 4  # of a header beside its name and value: the colon, the blank, and the end of the line
_CHUNK_BYTES: Final = 32  # a chunk may have so many beside its content, on average
_STEP_BYTES: Final = 8 * 1024  # parsed at once; holds at most some hundred requests
_BESIDE_BYTES: Final = MAX_HEAD_BYTES - 2 * _STEP_BYTES  # of a body; its first and its last step are not counted
_MOST_QUEUED: Final = 16  # requests of one connection that wait for their turn; what comes after them is not parsed
_FIRST_WORD_SECONDS: Final = 0.5  # for the first request of a connection, before it counts as idle
_STOP_IDLE_SECONDS: Final = 0.2  # for a request that is on its way when a stop begins
_STOP_ENDLESS_SECONDS: Final = 0.5  # for what a stream says last, to a client that still reads
_STOP_READ_SECONDS: Final = 5.0  # for the rest of one that has begun to arrive
_STOP_WRITE_SECONDS: Final = 5.0
_TOO_LARGE: Final = f"the head has more than {MAX_HEAD_BYTES} bytes"
_VERSIONS: Final = ("1.0", "1.1")  # the parser takes 0.9 and 2.0 too, with rules of their own for who closes
_UPGRADES: Final = (b"upgrade", b"http2-settings")


class _RefusedError(Exception):
    """Raised through the parser, which stops: a status and a text."""


class _TimedProtocol(Connection):
    """One connection. The bounds are set by `timed_protocol`.

    `_phase` is what of the next request has begun to arrive, `_current` the request that is being answered.
    """

    head_seconds: float
    body_seconds: float

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._phase = _IDLE
        self._head_bytes = 0  # of the head's parts that are whole
        self._packet_bytes = 0  # of the packets in which a head has not ended
        self._spare_bytes = 0  # that may still come beside the content of a body
        self._held = bytearray()
        self._is_stopping = False
        self._last_words: Callable[[], None] | None = None  # that end the connection behind the answers under way
        self._set_parser()

    def _set_parser(self) -> None:
        """A parser that takes blanks behind a chunk's size (RFC 9112, 7.1.1), and reads on behind a last request."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_spaces_after_chunk_size=True)

    # -- what the connection does

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._is_surplus:
            self.idle_since = time.monotonic() + _FIRST_WORD_SECONDS
            self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._held.clear()

    def data_received(self, data: bytes) -> None:
        if self._is_surplus and not self._is_deaf:
            self._say_last(503, TOO_MANY)
        if self._is_deaf or self.transport.is_closing():
            return
        if len(data) <= _STEP_BYTES and not self._held:
            self._parse(data)
        else:
            self._held += data
            self._parse_held()

    def _parse_held(self) -> None:
        """Parse what is held, until enough requests wait; the rest stays, and nothing more is read."""
        while self._held and len(self.pipeline) < _MOST_QUEUED:
            step = bytes(self._held[:_STEP_BYTES])
            del self._held[:_STEP_BYTES]
            self._parse(step)
            if self._is_deaf or self.transport.is_closing():
                self._held.clear()
                return
        was_holding, self.flow.is_holding = self.flow.is_holding, bool(self._held)
        if self._held:
            self.flow.pause_reading()
        elif was_holding and not self.pipeline:
            self.flow.resume_reading()

    def _parse(self, data: bytes) -> None:
        phase, cycle = self._phase, self.cycle
        if phase != _BODY:
            self._packet_bytes += len(data)
        rest: bytes | None = data
        while rest is not None:
            rest = self._feed(rest)
        if self._is_deaf:
            return
        if self._phase == _BODY and phase == _BODY and self.cycle is cycle:
            self._spare_bytes -= len(data)
            if self._spare_bytes < 0:
                self._refuse(431, f"the body has more than {MAX_HEAD_BYTES} bytes beside its content")
        elif self._phase == _IDLE:
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
            if isinstance(refused, _RefusedError):
                self._refuse(*refused.args)
            else:  # with a context it is the address that is none, and the parser's words are of our callback
                self._refuse(400, no_request("its address is none" if refused else str(error)))
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
        self._set_parser()
        return b"\r\n".join(lines) + b"\r\n\r\n" + rest

    # -- what the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()
        self._phase, self._head_bytes, self.idle_since = _HEAD, 0, None
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
        self.cycle.transport = Output(self.transport, self.loop)
        self._phase, self._head_bytes, self._packet_bytes = _BODY, 0, 0
        self._spare_bytes = _BESIDE_BYTES
        if self._is_stopping:
            self.cycle.keep_alive = False
        if len(self.pipeline) == waiting:
            self._current = self.cycle
            self._set_deadline()

    def on_chunk_header(self) -> None:
        self._spare_bytes += _CHUNK_BYTES

    def on_body(self, body: bytes) -> None:
        self._spare_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._phase != _BODY:  # of a head that asks for another protocol
            return
        self._phase = _IDLE
        self._clear_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._flush_current()  # an answer to HEAD is a head alone; another answer or a refusal may follow it at once
        self._current = self.pipeline[-1][0] if self.pipeline else None
        self._half_closed.current = self._current
        if self.pipeline and is_reset(self.transport):  # nobody took this answer, and nobody will take the next
            self.transport.abort()
        super().on_response_complete()
        if self._held and not self._is_deaf and not self.transport.is_closing():
            self._parse_held()
        if self._current is None and self._last_words is not None and not self.transport.is_closing():
            self._last_words()
            return
        if self._current is None and self._phase == _IDLE:
            self.idle_since = time.monotonic()
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
        status, text = 408, f"the {part} of the request did not arrive in time"
        if self._is_stopping:
            seconds, status, text = min(seconds, _STOP_READ_SECONDS), 503, STOPPING
        self._deadline = self.loop.call_later(seconds, self._refuse, status, text)

    def _refuse(self, status: int, text: str) -> None:
        """Answer, unless an answer has begun, and close; a handler that waits for the body sees a disconnect."""
        if self._is_deaf:  # it is refused, and its deadline is that for reading why
            return
        self._clear_deadline()
        if self.transport.is_closing():
            return
        current, is_in_body = self._current, self._phase == _BODY
        is_known = self._phase != _IDLE
        is_openai = is_known and self.url.startswith(b"/v1/")
        # Until its address is there the parser still has the method of the request before.
        is_head = is_known and bool(self.url) and self.parser.get_method() == b"HEAD"
        say = partial(self._say_last, status, text, is_openai=is_openai, is_head=is_head)
        if current is not None and not (is_in_body and current is self.cycle):
            # What was asked before is answered; then this is said, and nothing more is read.
            self._is_deaf, self._last_words = True, say
            if is_in_body:
                self.pipeline.popleft()
        elif current is not None and current.response_started:
            self.transport.close()
        else:
            say()

    # -- the end

    def shutdown(self) -> None:
        """Answer what was asked, and what is on its way; then close."""
        self._is_stopping = True
        if self._current is not None and self._current.scope.get(ENDLESS):
            self.loop.call_later(_STOP_ENDLESS_SECONDS, self.transport.abort)
        self._unread.shorten(_STOP_WRITE_SECONDS)
        if self.cycle is not None:
            self.cycle.keep_alive = False
        if self._phase != _IDLE and self._deadline is not None and not self._is_deaf:
            self._set_deadline()
        elif self._current is None:
            self.loop.call_later(_STOP_IDLE_SECONDS, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self._current is None and self._phase == _IDLE:
            self.transport.close()


def timed_protocol(
    *, head_seconds: float, body_seconds: float, write_seconds: float, most_connections: int
) -> type[Connection]:
    """The protocol with these bounds, for uvicorn's `http` setting."""
    members = {
        "head_seconds": head_seconds,
        "body_seconds": body_seconds,
        "write_seconds": write_seconds,
        "most_connections": most_connections,
        "__doc__": _TimedProtocol.__doc__,
    }
    return type("TimedProtocol", (_TimedProtocol,), members)


def _without_upgrade_tokens(value: bytes) -> bytes:
    return b", ".join(token for part in value.split(b",") if (token := part.strip()).lower() not in _UPGRADES)
