"""One connection of the server: how many there are, how long what was written may wait, how it ends.

A client may end its side behind a whole request and still be answered; `half_closed.py` has the rule.

Knows uvicorn's protocol and its transport; what clients send is read in `protocol.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from embedingest.server.half_closed import HalfClosed, is_reset
from embedingest.server.streams import ENDLESS
from embedingest.server.unread import UnreadDeadline
from embedingest.server.wire.refusals import TOO_MANY, last_answer

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["Connection", "Flow", "Output"]

_LINGER_SECONDS: Final = 1.0  # for a client to read why it is refused, before the connection breaks
_MOST_SURPLUS: Final = 64  # connections beyond the bound that are told so in peace


class Flow(FlowControl):
    """Reading stays paused while bytes are held that were not parsed yet."""

    is_holding = False

    def resume_reading(self) -> None:
        if not self.is_holding:
            super().resume_reading()


class Output(asyncio.Transport):
    """A connection as one answer sees it: its head goes out with what is said next, if that comes in the same step.

    What is written once the connection is closing is dropped: nobody would take it. The loop tells of a lost
    connection only once it comes to it, and counts as a fault what is written until then.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._begun = False
        self._first: bytes | bytearray | memoryview = b""
        self._flushing: asyncio.Handle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._transport.is_closing():
            return
        if not self._begun:
            self._begun, self._first = True, data
            self._flushing = self._loop.call_soon(self.flush)
        elif self._first:
            self.flush(data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def flush(self, more: bytes | bytearray | memoryview = b"") -> None:
        """Send the head, if it is still here, and `more` with it; before anything else is said on the connection."""
        first, self._first = self._first, b""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if first and not self._transport.is_closing():
            self._transport.write(b"".join((first, more)) if more else first)


class Connection(HttpToolsProtocol):
    """What every connection owes the others. The bounds are set by `protocol.timed_protocol`.

    `_current` is the request that is being answered; `idle_since` is when the last was, while none is, or
    a moment after the connection began. Nothing more is parsed of a connection that `_is_deaf`.
    """

    write_seconds: float
    most_connections: int
    flow: Flow

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._deadline: asyncio.TimerHandle | None = None
        self._current: RequestResponseCycle | None = None
        self._is_deaf = False
        self._is_surplus = False
        self.idle_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._unread = UnreadDeadline(self.loop, transport, self.write_seconds)
        self._half_closed = HalfClosed(self.loop, transport)
        if len(self.connections) > self.most_connections and not self._make_room():
            self._turn_away()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        self._unset_keepalive_if_required()
        self._unread.end()
        self._half_closed.end()
        for cycle in (self._current, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """What was asked whole is answered, and the connection then closed; what is half is dropped.

        Called once more where reading is resumed.
        """
        if self.pipeline and self.pipeline[0][0].more_body:
            self.pipeline.popleft()
        last = self.pipeline[0][0] if self.pipeline else self._current
        if self._current is None or last is None or last.more_body or is_reset(self.transport):
            return False
        if self._current.disconnected:  # it was given its last answer
            return False
        if self._current.scope.get(ENDLESS):  # there is no whole answer to wait for, and a page that is closed ends so
            return False
        if not self._is_deaf:  # else a refusal comes behind the answers, and ends the connection
            last.keep_alive = False
        self._half_closed.begin(self._current)
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.begin()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread.end()

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _flush_current(self) -> None:
        """Send what is held of the answer to the current request."""
        if self._current is not None and isinstance(self._current.transport, Output):
            self._current.transport.flush()

    def _say_last(self, status: int, text: str, *, is_openai: bool = False, is_head: bool = False) -> None:
        """The last answer of this connection, which ends once the client has read it, or in a moment.

        Closed at once it would break where the client still sends, and its answer with it.
        """
        self._is_deaf = True
        self._clear_deadline()
        if self._current is not None:
            self._current.disconnected = True
            self._current.waiting_for_100_continue = False  # nothing may follow the last answer
            self._current.message_event.set()
            self._flush_current()  # what was said a moment ago comes before
        self.transport.write(last_answer(status, text, is_openai=is_openai, is_head=is_head))
        with contextlib.suppress(OSError):  # the client went a moment ago, and the loop has yet to see it
            self.transport.write_eof()
        self.flow.is_holding = False
        self.flow.resume_reading()  # what still comes is dropped
        self._deadline = self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _make_room(self) -> bool:
        """End the connection that has been idle longest, if one is: whether there was one."""
        now = time.monotonic()
        others = (one for one in self.connections if isinstance(one, Connection))
        idle = [(one.idle_since, one) for one in others if one.idle_since is not None and one.idle_since <= now]
        if not idle:
            return False
        _, longest = min(idle, key=lambda pair: pair[0])
        longest.idle_since = None
        longest.transport.close()
        return True

    def _turn_away(self) -> None:
        """Say that there are too many connections, once this one has asked for something or is silent."""
        self._is_surplus = True
        if len(self.connections) > self.most_connections + _MOST_SURPLUS:
            self._say_last(503, TOO_MANY)
            self.transport.close()
        else:
            self._deadline = self.loop.call_later(_LINGER_SECONDS, self._say_last, 503, TOO_MANY)
