"""The thread that has a source looked at again and again: no event tells of its changes. Knows no items."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Final

from embedingest.ingest.watch.values import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.scan.files import FileFacts

__all__ = ["PlaceWatch"]

_BUSY_FACTOR: Final = 10


class PlaceWatch(threading.Thread):
    """Asks for a look at all of a source at once, and then `poll_seconds` after each look has ended.

    A long look is followed by ten times its length without one: nothing else is taken up meanwhile. One that nobody
    took (a pause) is asked for again after `poll_seconds`. To other threads it is what `RootWatch` is.
    """

    state: Final = "polling"

    def __init__(self, where: str, poll_seconds: float, on_batch: Callable[[Batch], None]) -> None:
        super().__init__(name="watch-place", daemon=True)
        self.armed: Final = threading.Event()
        self._where: Final = where
        self._poll_seconds: Final = poll_seconds
        self._on_batch: Final = on_batch
        self._looks: queue.SimpleQueue[float | None] = queue.SimpleQueue()

    def hold(self, relative: str, facts: FileFacts) -> None:
        """An item is whole as soon as it is listed: none is given back."""
        raise AssertionError(f"{relative} of {self._where} was held back: {facts}")

    def looked(self, seconds: float) -> None:
        """A look at all of it has ended, which took so long."""
        self._looks.put(seconds)

    def stop(self) -> None:
        """Make the thread end soon."""
        self._looks.put(None)

    def join_if_started(self) -> None:
        """Wait for the thread's end."""
        if self.ident is not None:
            self.join()

    def run(self) -> None:
        self._on_batch(Batch(self._where, sweep=True))
        self.armed.set()
        pause = self._poll_seconds
        due = time.monotonic() + pause
        while True:
            try:
                took = self._looks.get(timeout=max(0.0, due - time.monotonic()))
                if took is None:
                    return
                pause = max(self._poll_seconds, _BUSY_FACTOR * took)
            except queue.Empty:
                self._on_batch(Batch(self._where, sweep=True))
                pause = self._poll_seconds
            due = time.monotonic() + pause
