"""The main thread hears of a signal also where it came the moment before it began to wait.

Python notes a signal and lets the main thread handle it. Where the system gave it to another thread, or it came between
the main thread's last look and its wait for a lock, that wait goes on as if nothing had come: until the next signal.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["Waker"]

_GRACE_SECONDS: Final = 0.2  # a main thread that computes has heard of it by then, or is told once more
_RECENT_SECONDS: Final = 1.0


class Waker:
    """While inside, signals that the main thread does not hear of are sent to it again. Of the main thread alone.

    Handlers that ask `is_repeat` first are named by `handles`: those of others are left alone. Does nothing where a
    signal cannot be sent to a thread (Windows).
    """

    def __init__(self) -> None:
        self._handlers: list[Any] = []
        self._heard = self._repeated = float("-inf")
        self._write: int | None = None
        self._before = -1

    def __enter__(self) -> Self:
        if hasattr(signal, "pthread_kill"):
            read, self._write = os.pipe()
            os.set_blocking(self._write, False)
            self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
            threading.Thread(target=self._run, args=(read,), name="signals", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._write is not None:
            signal.set_wakeup_fd(self._before)
            os.close(self._write)  # the thread reads to the end then, and closes its own side
            self._write = None

    @contextmanager
    def handles(self, handler: Any) -> Iterator[None]:
        """While inside, this handler may be called once more for what it did not hear of."""
        self._handlers.append(handler)
        try:
            yield
        finally:
            self._handlers.remove(handler)

    def is_repeat(self) -> bool:
        """Whether what a handler is called for was heard already. Notes that something was heard."""
        now = time.monotonic()
        is_known = now - min(self._heard, self._repeated) < _RECENT_SECONDS
        self._heard = now
        return is_known

    def note_heard(self) -> None:
        """A handler that asks nobody heard what came, and is none any more: it is not to be sent to the next one."""
        self._heard = time.monotonic()

    def _run(self, read: int) -> None:
        with open(read, "rb", buffering=0) as came:
            while numbers := came.read(1):
                since = time.monotonic() - _RECENT_SECONDS
                time.sleep(_GRACE_SECONDS)
                if self._heard < since and signal.getsignal(numbers[0]) in self._handlers:
                    self._repeated = time.monotonic()
                    signal.pthread_kill(threading.main_thread().ident or 0, numbers[0])
