"""Threads for what would stop the event loop: few, daemons, and of one kind of work each. Knows no work.

Daemons, because the end of the program waits for the requests that were accepted, and for no download.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Threads"]

P = ParamSpec("P")
T = TypeVar("T")

_IDLE_SECONDS: Final = 60.0  # a thread without work for so long ends


class Threads:
    """At most `most` threads, started when there is work and none is free. What waits is begun in its order."""

    def __init__(self, most: int, name: str) -> None:
        self.most = most
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._pending = 0

    @property
    def pending(self) -> int:
        """Pieces of work that run or wait."""
        return self._pending

    async def run(self, function: Callable[P, T], *args: P.args, **keywords: P.kwargs) -> T:
        """The result, awaited. Cancelled before it has begun it is not begun."""
        return await asyncio.wrap_future(self.submit(function, *args, **keywords))

    def submit(self, function: Callable[P, T], *args: P.args, **keywords: P.kwargs) -> Future[T]:
        """Have it done; the future may be cancelled until it has begun."""
        future: Future[T] = Future()
        work = partial(_work, future, partial(function, *args, **keywords))
        with self._lock:
            self._pending += 1
            self._work.put(work)
            if self._started < min(self.most, self._pending):
                self._started += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    def _run(self) -> None:
        while (work := self._next()) is not None:
            work()
            del work  # what it holds may be large
            with self._lock:
                self._pending -= 1

    def _next(self) -> Callable[[], None] | None:
        try:
            return self._work.get(timeout=_IDLE_SECONDS)
        except queue.Empty:
            with self._lock:
                if self._pending and not self._work.empty():
                    return self._work.get()
                self._started -= 1
            return None


def _work(future: Future[T], function: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 -- raised where it is awaited
        future.set_exception(error)
        del future, function  # which the error would hold by this frame, and be held by: what they hold may be large
    else:
        future.set_result(result)
