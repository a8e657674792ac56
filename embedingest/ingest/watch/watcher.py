"""What may have changed below the roots, in settled batches. Knows no rows and reads no file.

A batch is a hint, never a proof: whoever gets it looks at the paths again. Nothing depends on an event being seen,
since a sweep of everything follows every so often, and after everything that could have hidden one.
"""

from __future__ import annotations

import logging
import queue
from typing import TYPE_CHECKING, Final, Self

from embedingest.inbox import Inbox
from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.watch.place import PlaceWatch
from embedingest.ingest.watch.root import RootWatch
from embedingest.ingest.watch.values import Batch, Notice, WatchSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedingest.config import WatchConfig
    from embedingest.ingest.scan.files import FileFacts
    from embedingest.ingest.scan.listing import Finder

__all__ = ["Watcher"]

_log = logging.getLogger(__name__)


class Watcher:
    """Watches several roots, each from a thread of its own, from `start` on.

    The first batch of each root is a sweep, and comes after its watch is in place: what changes during the first
    scan is seen by the scan or follows as a batch. `polling=None` polls only where events fail or cannot be had.
    A source that is no folder is looked at every `place_seconds`.
    """

    def __init__(
        self,
        finders: Sequence[Finder],
        *,
        settle_ms: int = 300,
        settle_max_ms: int = 30_000,
        sweep_seconds: float | None = None,
        polling: bool | None = None,
        poll_ms: int = 1_000,
        place_seconds: float = 60.0,
        on_notice: Callable[[Notice], None] | None = None,
    ) -> None:
        settings = WatchSettings(settle_ms / 1000, settle_max_ms / 1000, sweep_seconds, polling, poll_ms / 1000)
        self.settle_seconds: Final = settings.settle_seconds
        self._on_notice = on_notice
        self._ready: Inbox[Batch | None] = Inbox()
        self._roots: Final[dict[str, RootWatch | PlaceWatch]] = {
            finder.root: RootWatch(finder, settings, self._ready.put, self._notify)
            if isinstance(finder, Scanner)
            else PlaceWatch(finder.root, place_seconds, self._ready.put)
            for finder in finders
        }

    @classmethod
    def with_settings(
        cls, finders: Sequence[Finder], settings: WatchConfig, *, on_notice: Callable[[Notice], None] | None = None
    ) -> Self:
        """A watcher as the section `watch` of a configuration says."""
        return cls(
            finders,
            settle_ms=settings.settle_ms,
            settle_max_ms=settings.settle_max_ms,
            sweep_seconds=settings.sweep_seconds,
            polling=settings.polling,
            poll_ms=settings.poll_ms,
            place_seconds=settings.poll_seconds,
            on_notice=on_notice,
        )

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

    def hold(self, root: str, relative: str, facts: FileFacts) -> None:
        """Give back a file that a scan found too young to read; it follows in a batch once it has settled."""
        self._roots[root].hold(relative, facts)

    def looked(self, root: str, seconds: float) -> None:
        """Tell how much of a processor a look at all of a root took: what takes long is done less often."""
        self._roots[root].looked(seconds)

    def leave(self, root: str) -> None:
        """Watch this root no more, where it was watched."""
        thread = self._roots.pop(root, None)
        if thread is not None:
            thread.stop()
            thread.join_if_started()

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

    def _notify(self, notice: Notice) -> None:
        """Called from the roots' threads."""
        _log.warning("%s", notice.message)
        if self._on_notice is not None:
            self._on_notice(notice)
