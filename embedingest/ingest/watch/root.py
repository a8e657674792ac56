"""One root: how it is followed, what of it has not settled yet, when it is swept. Knows no other root.

Events are had from a reader, which is replaced whenever the set of folders changes; where none can be had, or a
folder's names cannot be said in one, it looks for itself.
"""

from __future__ import annotations

import logging
import os
import queue
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from embedingest.ingest.scan.files import FileFacts, facts_at, name_of
from embedingest.ingest.scan.ignore import IGNORE_FILES
from embedingest.ingest.watch.filesystem import explain_limit, filesystem_of, is_remote
from embedingest.ingest.watch.poll import Poller
from embedingest.ingest.watch.settle import Settler, age_seconds
from embedingest.ingest.watch.tree import Tree, outermost, within
from embedingest.types import FileEvent

if TYPE_CHECKING:
    from embedingest.ingest.scan.scanner import Scanner

__all__ = ["RECURSIVE", "Batch", "Broken", "NoEventsError", "Notice", "RootWatch", "TreeMovedError"]

_log = logging.getLogger(__name__)

RECURSIVE: Final = sys.platform != "linux"
"""Elsewhere one watch covers a tree and does not follow links. On Linux each folder has its own, so that the ones
that are excluded, or reached by a link we do not follow, cost nothing."""

_TICK_SECONDS: Final = 1.0
_TOGETHER_SECONDS: Final = 0.03
_BURST: Final = 2_000
_LINGER_SECONDS: Final = 0.5
_ARM_ATTEMPTS: Final = 5
_BUSY_FACTOR: Final = 10


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths of one root to look at again, all of them settled; with `sweep`, everything is to be looked at.

    `files` are single files. `folders` are subtrees to scan: a folder that came, went or changed its rules, or a
    path that is gone and may have been either.
    """

    root: str
    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    sweep: bool = False

    def __or__(self, other: Batch) -> Batch:
        if self.sweep or other.sweep:
            return Batch(self.root, sweep=True)
        return Batch(self.root, self.files | other.files, self.folders | other.folders)

    def events(self) -> list[FileEvent]:
        """The same as events; for what is gone and for folders the change is a guess, as every hint is."""
        root = Path(self.root)
        if self.sweep:
            return [FileEvent(root, "modified")]
        return [FileEvent(root / relative, "modified") for relative in sorted(self.files | self.folders)]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about watching that a person should know: `polling`, `root_missing` or `root_back`."""

    root: str
    code: str
    message: str


class TreeMovedError(Exception):
    """A folder to be watched is gone: make the list again."""


class NoEventsError(Exception):
    """The system gives no events for these folders."""


class _Reader(Protocol):
    def start(self) -> None: ...
    def stop(self, after: float = 0.0) -> None: ...


class _Owner(Protocol):
    """What a root asks of the watcher: its settings, and where batches and notices go."""

    @property
    def settle_seconds(self) -> float: ...
    @property
    def settle_max_seconds(self) -> float: ...
    @property
    def sweep_seconds(self) -> float: ...
    @property
    def polling(self) -> bool | None: ...
    @property
    def poll_seconds(self) -> float: ...
    def emit(self, batch: Batch) -> None: ...
    def notice(self, notice: Notice) -> None: ...


_Inbox: TypeAlias = "queue.SimpleQueue[object]"
_OpenReader: TypeAlias = Callable[[list[str], _Inbox], _Reader]


class Broken:
    """Put into a root's inbox when its events broke off; says which reader's, and why."""

    def __init__(self, reader: object, why: str) -> None:
        self.reader, self.why = reader, why


class _Stop:
    """Put into a root's inbox to end its thread."""


class RootWatch(threading.Thread):
    """Follows one root until it is stopped. `state` is `events`, `polling` or `missing`."""

    def __init__(self, owner: _Owner, scanner: Scanner, open_reader: _OpenReader) -> None:
        super().__init__(name="watch", daemon=True)
        self.armed = threading.Event()
        self.state = "missing"
        self._owner = owner
        self._scanner = scanner
        self._open_reader = open_reader
        self._root = scanner.root
        self._base = os.path.abspath(scanner.root).rstrip("/")
        self._inbox: _Inbox = queue.SimpleQueue()
        self._settler: Settler[str] = Settler(owner.settle_seconds, owner.settle_max_seconds)
        self._folders_due: dict[str, float] = {}
        self._reader: _Reader | None = None
        self._tree = Tree()
        self._unwatched = False
        self._pollers: dict[str, Poller] = {}
        self._identity: tuple[int, int] | None = None
        self._sweep_due = self._poll_due = self._tick_due = 0.0
        self._must_poll = bool(owner.polling)
        self._single = False

    # -- called from other threads ------------------------------------------------------------------------------

    def hold(self, relative: str, facts: FileFacts) -> None:
        self._inbox.put((relative, facts))

    def stop(self) -> None:
        self._inbox.put(_Stop())

    def join_if_started(self) -> None:
        if self.ident is not None:
            self.join()

    # -- the thread ---------------------------------------------------------------------------------------------

    def run(self) -> None:
        self._appear()
        self.armed.set()
        while True:
            for message in self._messages():
                if isinstance(message, _Stop):
                    self._disarm()
                    return
                self._hear(message)
            now = time.monotonic()
            if now >= self._tick_due:
                self._tick(now)
            if self._pollers and now >= self._poll_due:
                self._poll(now)
            self._give_out(now)

    def _messages(self) -> Iterator[object]:
        """What came in, waiting until something does or something of ours is due."""
        try:
            yield self._inbox.get(timeout=max(0.0, self._next_due() - time.monotonic()))
            while True:
                yield self._inbox.get_nowait()
        except queue.Empty:
            return

    def _next_due(self) -> float:
        dues = [self._tick_due, *self._folders_due.values()]
        if self._pollers:
            dues.append(self._poll_due)
        settled = self._settler.next_due()
        return min(dues if settled is None else [*dues, settled])

    def _hear(self, message: object) -> None:
        if isinstance(message, set):
            self._events(message)
        elif isinstance(message, tuple):
            relative, facts = message
            self._note(relative, facts, time.monotonic())
        elif isinstance(message, Broken) and message.reader is self._reader:
            # Watchfiles gives up at a name that is no text. Look everywhere, and begin anew without that folder.
            _log.info("events of %s broke off: %s", self._root, message.why)
            self._reader = None
            self._due_folder("", time.monotonic())
            self._arm()

    # -- what may have changed ----------------------------------------------------------------------------------

    def _events(self, paths: set[str]) -> None:
        now = time.monotonic()
        if len(paths) >= _BURST:
            # So many at once may be more than the kernel could queue; a scan is cheaper than asking for each.
            self._due_folder("", now)
            self._tree.forget("")
            return
        for path in paths:
            relative = self._relative(path)
            if relative is not None:
                for name in self._tree.names(relative):
                    if self._scanner.may_matter(name):
                        self._event(name, now)

    def _relative(self, path: str) -> str | None:
        if path == self._base:
            return ""
        return path[len(self._base) + 1 :] if path.startswith(self._base + "/") and not self._single else None

    def _event(self, relative: str, now: float) -> None:
        if name_of(relative) in IGNORE_FILES:
            self._due_folder(relative.rpartition("/")[0], now)
            return
        facts = self._look(relative, follow=False)
        if facts is not None and stat.S_ISLNK(facts.mode):
            self._tree.add_link(os.path.realpath(self._root), relative)
            facts = self._look(relative)
        if facts is None or facts.is_folder:
            self._tree.forget(relative)  # even a folder of the same name has lost its watch
            self._due_folder(relative, now)
        else:
            self._note(relative, facts, now)

    def _note(self, relative: str, facts: FileFacts, now: float) -> None:
        self._settler.note(relative, facts, now, age=age_seconds(facts, time.time_ns()))

    def _due_folder(self, relative: str, now: float) -> None:
        self._folders_due.setdefault(relative, now + self._owner.settle_seconds)

    def _look(self, relative: str, *, follow: bool = True) -> FileFacts | None:
        try:
            return facts_at(self._root, relative, follow=follow)
        except OSError:
            return None

    def _give_out(self, now: float) -> None:
        """Emit what has settled. What is due in a moment comes along, so that both ends of a rename meet."""
        settled = self._settler.next_due()
        dues = [*self._folders_due.values(), *([] if settled is None else [settled])]
        if not dues or min(dues) > now:
            return
        horizon = now + _TOGETHER_SECONDS
        folders = {relative for relative, due in self._folders_due.items() if due <= horizon}
        for relative in folders:
            del self._folders_due[relative]
        files = self._settler.due(horizon, self._look)
        if folders and self.state == "events" and not self._single:
            self._watch_below(folders)
        outer = frozenset(outermost(folders))
        inner = frozenset(file for file in files if not any(within(file, folder) for folder in outer))
        if inner or outer:
            self._owner.emit(Batch(self._root, inner, outer, sweep="" in outer))

    def _poll(self, now: float) -> None:
        for poller in self._pollers.values():
            changed, folders = poller.poll()
            for relative, facts in changed:
                self._note(relative, facts, now)
            for relative in folders:
                self._due_folder(relative, now)
        busy = sum(poller.busy_seconds for poller in self._pollers.values())
        self._poll_due = time.monotonic() + max(self._owner.poll_seconds, _BUSY_FACTOR * busy)

    # -- the root itself ----------------------------------------------------------------------------------------

    def _appear(self) -> None:
        """The root is there, or there again: follow it, then have all of it looked at."""
        now = time.monotonic()
        self._identity = self._identify()
        if self._identity is None:
            self._vanish(f"`{self._root}` is not there; it is followed as soon as it appears")
            return
        self._tick_due = now + _TICK_SECONDS
        self._single = not os.path.isdir(self._root)
        self._arm()
        self._sweep(now)

    def _vanish(self, message: str) -> None:
        self._disarm()
        self.state = "missing"
        self._tick_due = time.monotonic() + self._owner.poll_seconds
        self._notice("root_missing", message)
        self._owner.emit(Batch(self._root, sweep=True))

    def _identify(self) -> tuple[int, int] | None:
        """Which folder the root is; a file is replaced by every other save, and has no identity but being there."""
        try:
            st = os.stat(self._root)
        except OSError:
            return None
        return (st.st_dev, st.st_ino) if stat.S_ISDIR(st.st_mode) else (0, 0)

    def _tick(self, now: float) -> None:
        self._tick_due = now + (self._owner.poll_seconds if self.state == "missing" else _TICK_SECONDS)
        identity = self._identify()
        if identity == self._identity:
            if identity is not None and now >= self._sweep_due:
                if self.state == "events":
                    self._arm()
                self._sweep(now)
            return
        if self._identity is None:
            self._notice("root_back", f"`{self._root}` is there now")
        self._identity = identity
        if identity is None:
            self._vanish(f"`{self._root}` went away; nothing of it is deleted")
        else:
            self._disarm()
            self._appear()

    def _sweep(self, now: float) -> None:
        self._sweep_due = now + self._owner.sweep_seconds
        self._owner.emit(Batch(self._root, sweep=True))

    def _notice(self, code: str, message: str) -> None:
        self._owner.notice(Notice(self._root, code, message))

    # -- the watch ----------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Follow every folder there is, by events where they can be had, else by looking."""
        kind = "" if self._must_poll or self._owner.polling is False else filesystem_of(self._root)
        if is_remote(kind):
            self._must_poll = True
            self._notice("polling", f"`{self._root}` lies on {kind}, which tells of no changes; looking instead")
        if self._must_poll:
            self._start_polling()
            return
        self.state = "events"
        self._tree = Tree()
        self._watch_below([""])

    def _watch_below(self, folders: Iterable[str]) -> None:
        """Watch what lies below, new folders too, until a look finds no folder that is not watched.

        One that came after its parent was listed, and before that was watched, made no sound.
        """
        if RECURSIVE or self._single:
            if self._reader is None:
                self._rewatch()
            return
        folders = list(folders)
        for _ in range(_ARM_ATTEMPTS):
            news = [self._tree.read(self._scanner, folder) for folder in folders]
            self._unwatched = self._unwatched or any(news) or self._reader is None
            if not self._unwatched:
                return
            self._unwatched = not self._rewatch()
            if self._must_poll:
                return
        # Folders come and go faster than they can be listed. What is missed until they rest is looked for then.
        for folder in folders:
            self._due_folder(folder, time.monotonic())

    def _rewatch(self) -> bool:
        """Replace the watch by one over the present tree; False when that has changed meanwhile.

        The old one ends a moment later, so that nothing falls between the two.
        """
        try:
            reader = self._open_reader(self._paths(), self._inbox)
        except TreeMovedError:
            for folder in [folder for folder in self._tree.folders if self._look(folder) is None]:
                self._tree.forget(folder)
            return False
        except NoEventsError as error:
            self._fall_back(str(error))
            return True
        reader.start()
        if self._reader is not None:
            self._reader.stop(after=_LINGER_SECONDS)
        self._reader = reader
        self._pollers = {
            folder: self._pollers.get(folder) or Poller(self._scanner, folder, deep=False)
            for folder in self._tree.blind
        }
        return True

    def _paths(self) -> list[str]:
        if self._single:
            return [os.path.dirname(self._base) or "/"]
        if RECURSIVE:
            return [self._base or "/"]
        return [f"{self._base}/{folder}" if folder else self._base or "/" for folder in self._tree.to_watch()]

    def _fall_back(self, error: str) -> None:
        self._must_poll = True
        why = explain_limit(error, len(self._tree.folders)) or error
        seconds = self._owner.poll_seconds
        self._notice("polling", f"no events for `{self._root}`, looking every {seconds:g} s instead: {why}")
        self._start_polling()

    def _start_polling(self) -> None:
        if self._reader is not None:
            self._reader.stop(after=_LINGER_SECONDS)
            self._reader = None
        self.state = "polling"
        if "" not in self._pollers or not self._pollers[""].deep:
            self._pollers = {"": Poller(self._scanner)}
            self._pollers[""].poll()

    def _disarm(self) -> None:
        if self._reader is not None:
            self._reader.stop()
            self._reader = None
        self._tree = Tree()
        self._pollers = {}
