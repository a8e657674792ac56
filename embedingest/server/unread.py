"""What was written and the client has not taken: how long it may wait there. Knows one connection's transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

__all__ = ["UnreadDeadline"]

_LEAST_SHARE: Final = 4  # one part in so many of what waited has to be taken in each period


class UnreadDeadline:
    """Breaks a connection off whose client takes too little of what waits for it.

    In each period of `seconds` it has to take a quarter of what waited when the period began. The transport says
    `begin` and `end` as soon as a byte waits and when none does, which is why it holds nothing back.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, seconds: float) -> None:
        transport.set_write_buffer_limits(high=0)
        self._loop = loop
        self._transport = transport
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._bound = 0

    def begin(self) -> None:
        self.end()
        waiting = self._transport.get_write_buffer_size()
        self._bound = waiting - max(1, waiting // _LEAST_SHARE)
        self._timer = self._loop.call_later(self._seconds, self._check)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def shorten(self, seconds: float) -> None:
        """From now on a period has at most so many seconds."""
        self._seconds = min(self._seconds, seconds)
        if self._timer is not None:
            self.begin()

    def _check(self) -> None:
        if self._transport.get_write_buffer_size() > self._bound:
            self._transport.abort()
        else:
            self.begin()
