"""Raw events of the system for a whole folder, where they come from watchfiles. The one user of it.

It covers a tree with one watch and does not follow links. On Linux `FolderWatches` are used instead.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

if TYPE_CHECKING:
    import queue
    from collections.abc import Iterable

__all__ = ["Changes", "EventSource", "EventsBroken", "EventsReady", "NoEventsError", "TreeEvents"]

_STEP_MS: Final = 20
_DEBOUNCE_MS: Final = 100
_MOST_PATHS: Final = 2_000
"""So many at once may be more than the system could queue, which watchfiles does not tell."""


class NoEventsError(Exception):
    """The system gives no events. `folders` is how many there were to follow, where that is known."""

    def __init__(self, reason: str, folders: int = 0) -> None:
        super().__init__(reason)
        self.folders: Final = folders


class Changes(NamedTuple):
    """What may have changed, by relative path. `moves`: new paths of files with the old ones, as far as known.

    `lost`: more happened than was told, so everything is to be looked at.
    """

    paths: set[str]
    moves: dict[str, str]
    lost: bool = False


class EventSource(Protocol):
    """Tells of changes below one root. Belongs to one thread; puts `EventsReady` or `EventsBroken` into its inbox."""

    def extend(self, folders: Iterable[str]) -> list[str]:
        """Follow what lies below these folders; answers those that come and go too fast for that.

        Raises NoEventsError.
        """

    def take(self) -> Changes:
        """What was gathered since the last call."""

    def renew(self, folder: str) -> None:
        """There is a folder at this path; if another than before, what was known of the old one is void."""

    def forget(self, relative: str) -> None:
        """There is no folder and no link at this path."""

    def add_link(self, relative: str) -> None:
        """There is a symbolic link at this path: what it shows changes under this name too."""

    def close(self) -> None:
        """Stop."""


class EventsReady(NamedTuple):
    """Put into an inbox: this source has changes to take."""

    source: EventSource


class EventsBroken(NamedTuple):
    """Put into an inbox: this source ended by itself, for this reason."""

    source: EventSource
    reason: str


class TreeEvents(threading.Thread):
    """Events of all that lies below one folder, or beside a single file. Raises NoEventsError.

    It waits without a time-out: when watchfiles runs into one it throws away what came at that moment.
    """

    def __init__(self, base: str, inbox: queue.SimpleQueue[object], *, single_file: bool) -> None:
        super().__init__(name="watch-events", daemon=True)
        self._base: Final = base
        self._single_file: Final = single_file
        self._inbox: Final = inbox
        self._stopped: Final = threading.Event()
        self._lock: Final = threading.Lock()
        self._paths: set[str] = set()
        try:
            folder = os.path.dirname(base) if single_file else base
            # The last argument would ignore every error.
            self._notify = RustNotify([folder or "/"], False, False, 0, not single_file, False)
        except (OSError, WatchfilesRustInternalError) as error:
            raise NoEventsError(str(error)) from error
        self.start()

    def run(self) -> None:
        try:
            while not self._stopped.is_set():
                changes = self._notify.watch(_DEBOUNCE_MS, _STEP_MS, 0, self._stopped)
                if isinstance(changes, set):
                    with self._lock:
                        first = not self._paths
                        self._paths.update(path for _, path in changes)
                    if first:
                        self._inbox.put(EventsReady(self))
        except (WatchfilesRustInternalError, OSError) as error:
            self._inbox.put(EventsBroken(self, str(error)))
        finally:
            self._notify.close()

    def extend(self, folders: Iterable[str]) -> list[str]:  # noqa: ARG002 -- all are followed from the beginning
        return []

    def take(self) -> Changes:
        with self._lock:
            paths, self._paths = self._paths, set()
        if len(paths) >= _MOST_PATHS:
            return Changes(set(), {}, lost=True)
        if self._single_file:
            return Changes({"" for path in paths if path == self._base}, {})
        inside = {path[len(self._base) + 1 :] for path in paths if path.startswith(self._base + "/")}
        return Changes(inside | {"" for path in paths if path == self._base}, {})

    def renew(self, folder: str) -> None:
        """Nothing is known of folders."""

    def forget(self, relative: str) -> None:
        """Nothing is known of folders."""

    def add_link(self, relative: str) -> None:
        """Nothing is known of links."""

    def close(self) -> None:
        self._stopped.set()
        self.join()
