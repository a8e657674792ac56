"""uvicorn's server as it begins and ends here: signals, a stop within its time, what the loop says. Knows no routes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import uvicorn

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["STOP_SECONDS", "Server"]

_log = logging.getLogger(__name__)

STOP_SECONDS: Final = 25
"""After so long a stop waits for nothing any more."""
_ANSWER_SECONDS: Final = 20  # after so long it answers 503 to what was accepted
_ACCEPT_SECONDS: Final = 0.05
_ACCEPT_ERRORS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_LOG_SECONDS: Final = 1.0
_SAME_SIGNAL_SECONDS: Final = 0.5  # some send one signal to the process and to its group, which is once


class Server(uvicorn.Server):
    """Sets `answering` once requests are answered, `stop` as soon as it begins to end: on a signal, or on `until`."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        answering: threading.Event,
        stop: asyncio.Event,
        until: threading.Event | None = None,
    ) -> None:
        super().__init__(config)
        self._answering = answering
        self._stop = stop
        self._until = until

    async def startup(self, *args: Any, **keywords: Any) -> None:
        asyncio.get_running_loop().set_exception_handler(_LoopErrors(self._stop))
        await super().startup(*args, **keywords)
        self._answering.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal and return: after SIGTERM the process goes on and exits with 0. A second one ends it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        caught: dict[int, float] = {}

        def stop(number: int, frame: FrameType | None) -> None:
            if caught and time.monotonic() - min(caught.values()) > _SAME_SIGNAL_SECONDS:
                os._exit(128 + number)
            caught.setdefault(number, time.monotonic())
            self.handle_exit(signal.SIGTERM, frame)

        previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        if signal.SIGINT in caught:
            raise KeyboardInterrupt

    async def on_tick(self, counter: int) -> bool:
        if self._until is not None and self._until.is_set():
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stop.set()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for listener in sockets or []:
            listener.listen(0)  # whom the system has let in already is accepted before the listener is closed
        await asyncio.sleep(_ACCEPT_SECONDS)
        late = asyncio.get_running_loop().call_later(_ANSWER_SECONDS, self._end_requests)
        await super().shutdown(sockets)
        late.cancel()

    def _end_requests(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()


class _LoopErrors:
    """What the loop does with an error that nobody awaits: connections that cannot be accepted are a line a second."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._logged = -_LOG_SECONDS

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _ACCEPT_ERRORS and "accept" in str(context.get("message")):
            if loop.time() - self._logged >= _LOG_SECONDS:
                self._logged = loop.time()
                _log.error("no connection can be accepted: %s; tried again in a second", error.strerror)
        elif not (isinstance(error, OSError) and error.errno == errno.EBADF and self._stop.is_set()):
            loop.default_exception_handler(context)  # else the listener was closed before it was tried again
