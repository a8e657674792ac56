"""Whether a client that ended its side of a connection behind a whole request still listens, or has left.

Knows one connection's transport. TCP tells both with the same word, and the difference only to who writes: a client
that left answers what is written with a reset. So a request that is whole goes on, and is answered before the
connection is closed. Where the answer to a POST, behind which there may be much work, takes longer than
`SHORT_SECONDS`, the client is asked with an interim `100 Continue`, which every client of HTTP/1.1 passes over
(RFC 9110, 15.2), and again every `PERIOD_SECONDS`: a reset ends the connection, and with it the work. HTTP/1.0 has no
interim answers: there the client counts as gone after `OLD_SECONDS`. An answer that is being written, a stream too,
asks by itself.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["OLD_SECONDS", "PERIOD_SECONDS", "SHORT_SECONDS", "HalfClosed", "is_reset"]

SHORT_SECONDS: Final = 1.0
PERIOD_SECONDS: Final = 2.0
OLD_SECONDS: Final = 5.0
_REPLY_SECONDS: Final = 0.1  # in which a reset usually comes; a later one is seen when it is asked again
_INTERIM: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class HalfClosed:
    """Asks the client of a half-closed connection, from `begin` to `end`, whether it is still there."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self._loop = loop
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0
        self.current: RequestResponseCycle | None = None
        """The request whose answer comes next."""

    def begin(self, current: RequestResponseCycle) -> None:
        """From now on; a second call only says what is answered now."""
        self.current = current
        if self._timer is None:
            self._since = self._loop.time()
            self._timer = self._loop.call_later(SHORT_SECONDS, self._ask)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ask(self) -> None:
        if is_reset(self._transport):  # of what was written last
            self._transport.abort()
            return
        wait = PERIOD_SECONDS
        current = self.current
        if current is not None and current.scope["method"] == "POST" and not current.response_started:
            if current.scope["http_version"] != "1.0":
                self._transport.write(_INTERIM)
                self._timer = self._loop.call_later(_REPLY_SECONDS, self._look)
                return
            wait = self._since + OLD_SECONDS - self._loop.time()
            if wait <= 0:
                self._transport.abort()
                return
        self._timer = self._loop.call_later(wait, self._ask)

    def _look(self) -> None:
        if is_reset(self._transport):
            self._transport.abort()
        else:
            self._timer = self._loop.call_later(PERIOD_SECONDS, self._ask)


def is_reset(transport: asyncio.Transport) -> bool:
    """Whether the system knows that nobody listens any more. What is still on its way it does not know."""
    connection = transport.get_extra_info("socket")
    try:
        return connection is not None and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
    except OSError:
        return True
