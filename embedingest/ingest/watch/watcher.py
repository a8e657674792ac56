"""What may have changed below the roots, in settled batches. Knows no rows and reads no file.

A batch is a hint, never a proof: whoever gets it looks at the paths again. Nothing depends on an event being seen,
since a sweep of everything follows every so often, and after everything that could have hidden one.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Final, Self

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from embedingest.ingest.watch.root import RECURSIVE, Batch, Broken, NoEventsError, Notice, RootWatch, TreeMovedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from embedingest.ingest.scan.files import FileFacts
    from embedingest.ingest.scan.scanner import Scanner

__all__ = ["Batch", "Notice", "Watcher"]

_log = logging.getLogger(__name__)

_STEP_MS: Final = 20
_DEBOUNCE_MS: Final = 100


class Watcher:
    """Watches several roots, each from a thread of its own, from `start` on.

    The first batch of each root is a sweep, and comes after its watch is in place: what changes during the first
    scan is seen by the scan or follows as a batch. `polling=None` polls only where events fail or cannot be had.
    """

    def __init__(
        self,
        scanners: Sequence[Scanner],
        *,
        settle_ms: int = 300,
        settle_max_ms: int = 30_000,
        sweep_seconds: float = 300.0,
        polling: bool | None = None,
        poll_ms: int = 1_000,
        on_notice: Callable[[Notice], None] | None = None,
    ) -> None:
        self.settle_seconds: Final = settle_ms / 1000
        self.settle_max_seconds: Final = settle_max_ms / 1000
        self.sweep_seconds: Final = sweep_seconds
        self.polling: Final = polling
        self.poll_seconds: Final = poll_ms / 1000
        self._on_notice = on_notice
        self._ready: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._roots: Final = {scanner.root: RootWatch(self, scanner, Reader) for scanner in scanners}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Put every watch in place, then return. A root that is not there yet is waited for in the background."""
        for root in self._roots.values():
            root.start()
        for root in self._roots.values():
            root.armed.wait()

    def get(self, timeout: float | None = None) -> list[Batch]:
        """What is ready now, one batch a root; waits for the first up to `timeout` seconds. Empty when none came."""
        try:
            batch = self._ready.get(timeout=timeout)
        except queue.Empty:
            return []
        merged: dict[str, Batch] = {}
        while True:
            if batch is not None:
                merged[batch.root] = merged[batch.root] | batch if batch.root in merged else batch
            try:
                batch = self._ready.get_nowait()
            except queue.Empty:
                return list(merged.values())

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Every batch until `stop` is set."""
        while not stop.is_set():
            yield from self.get(timeout=0.2)

    def hold(self, root: str, relative: str, facts: FileFacts) -> None:
        """Give back a file that a scan found too young to read; it follows in a batch once it has settled."""
        self._roots[root].hold(relative, facts)

    def watching(self) -> dict[str, str]:
        """How each root is followed: `events`, `polling` or `missing`."""
        return {root: thread.state for root, thread in self._roots.items()}

    def wake(self) -> None:
        """Make a waiting `get` return."""
        self._ready.put(None)

    def close(self) -> None:
        """Stop all threads. Safe to call twice."""
        for root in self._roots.values():
            root.stop()
        for root in self._roots.values():
            root.join_if_started()
        self.wake()

    # -- for the threads ----------------------------------------------------------------------------------------

    def emit(self, batch: Batch) -> None:
        self._ready.put(batch)

    def notice(self, notice: Notice) -> None:
        _log.warning("%s", notice.message)
        if self._on_notice is not None:
            self._on_notice(notice)


class Reader(threading.Thread):
    """Waits for raw events of a fixed set of folders and puts their paths into an inbox, a set at a time.

    It waits without a time-out: when watchfiles runs into one it throws away what came at that moment. Raises
    TreeMovedError where a folder is not there any more, NoEventsError where the system gives no events.
    """

    def __init__(self, folders: list[str], inbox: queue.SimpleQueue[object]) -> None:
        super().__init__(name="watch-events", daemon=True)
        self._inbox = inbox
        self._stopped = threading.Event()
        try:
            # The last argument would ignore every error, the limits of inotify among them.
            self._notify = RustNotify(folders, False, False, 0, RECURSIVE, False)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise TreeMovedError(str(error)) from error
        except (OSError, WatchfilesRustInternalError) as error:
            raise NoEventsError(str(error)) from error

    def run(self) -> None:
        try:
            while not self._stopped.is_set():
                changes = self._notify.watch(_DEBOUNCE_MS, _STEP_MS, 0, self._stopped)
                if isinstance(changes, set):
                    self._inbox.put({path for _, path in changes})
        except (WatchfilesRustInternalError, OSError) as error:
            self._inbox.put(Broken(self, str(error)))
        finally:
            self._notify.close()

    def stop(self, after: float = 0.0) -> None:
        """End the thread, `after` seconds from now: what it has gathered by now is still delivered."""
        if after:
            timer = threading.Timer(after, self._stopped.set)
            timer.daemon = True
            timer.start()
        else:
            self._stopped.set()
