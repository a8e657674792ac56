"""Raw events of the system for a fixed set of folders, put into an inbox. The one user of watchfiles."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

if TYPE_CHECKING:
    import queue

__all__ = ["RECURSIVE", "EventReader", "EventsBroken", "NoEventsError", "RawEvents", "TreeMovedError"]

RECURSIVE: Final = sys.platform != "linux"
"""Elsewhere one watch covers a tree and does not follow links. On Linux each folder has its own, so that the ones
that are excluded, or reached by a link we do not follow, cost nothing."""

_STEP_MS: Final = 20
_DEBOUNCE_MS: Final = 100


class TreeMovedError(Exception):
    """A folder to be watched is gone: make the list again."""


class NoEventsError(Exception):
    """The system gives no events for these folders."""


class RawEvents(NamedTuple):
    """Absolute paths at which something happened."""

    paths: set[str]


class EventsBroken(NamedTuple):
    """The events of a reader broke off, for this reason."""

    reader: EventReader
    reason: str


class EventReader(threading.Thread):
    """Waits for events of `folders` and puts them into `inbox`, as `RawEvents`, until it is stopped.

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
                    self._inbox.put(RawEvents({path for _, path in changes}))
        except (WatchfilesRustInternalError, OSError) as error:
            self._inbox.put(EventsBroken(self, str(error)))
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
