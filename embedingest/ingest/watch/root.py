"""The thread that follows one root: from raw events and polls to settled batches. Knows no other root."""

from __future__ import annotations

import logging
import queue
import stat
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.scan.files import FileFacts, facts_at, name_of
from embedingest.ingest.scan.ignore import IGNORE_FILES
from embedingest.ingest.watch.events import EventsBroken, EventsReady
from embedingest.ingest.watch.pending import PendingChanges
from embedingest.ingest.watch.presence import Presence
from embedingest.ingest.watch.settle import age_seconds
from embedingest.ingest.watch.subscription import Subscription
from embedingest.ingest.watch.tree import outermost, within
from embedingest.ingest.watch.values import Batch, Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from embedingest.ingest.scan.scanner import Scanner
    from embedingest.ingest.watch.events import Changes
    from embedingest.ingest.watch.values import WatchSettings

__all__ = ["RootWatch"]

_log = logging.getLogger(__name__)


class _HeldFile(NamedTuple):
    """Put into the inbox: a file that a scan found too young to read."""

    relative: str
    facts: FileFacts


class _Looked(NamedTuple):
    """Put into the inbox: what a look at all of the root took, in seconds of a processor."""

    seconds: float


class _Stop:
    """Put into the inbox to end the thread."""


class RootWatch(threading.Thread):
    """Follows one root until it is stopped.

    Asked of it by other threads: `state`, `armed` (set once the first watch is in place), `hold`, `looked`,
    `stop` and `join_if_started`; they reach it through its inbox only. Everything else is its own thread's state:
    changes that have not settled, the subscription to events, and the presence of the root. `on_batch` and `on_notice`
    are called from its thread.
    """

    def __init__(
        self,
        scanner: Scanner,
        settings: WatchSettings,
        on_batch: Callable[[Batch], None],
        on_notice: Callable[[Notice], None],
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self.armed: Final = threading.Event()
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._scanner: Final = scanner
        self._root: Final = scanner.root
        self._on_batch: Final = on_batch
        self._on_notice: Final = on_notice
        self._missing = True
        self._pending: Final = PendingChanges(settings.settle_seconds, settings.settle_max_seconds)
        self._presence: Final = Presence(
            self._root, missing_seconds=settings.poll_seconds, sweep_seconds=settings.sweep_seconds
        )
        self._subscription: Final = Subscription(scanner, settings, self._inbox, on_notice)

    # -- called from other threads

    @property
    def state(self) -> str:
        """How the root is followed: `events`, `polling`, or `missing` while it is not there."""
        return "missing" if self._missing else self._subscription.mode

    def hold(self, relative: str, facts: FileFacts) -> None:
        """Give this file out in a batch once it has settled."""
        self._inbox.put(_HeldFile(relative, facts))

    def looked(self, seconds: float) -> None:
        """Tell how much of a processor a look at all of it took."""
        self._inbox.put(_Looked(seconds))

    def stop(self) -> None:
        """Make the thread end soon."""
        self._inbox.put(_Stop())

    def join_if_started(self) -> None:
        """Wait for the thread's end."""
        if self.ident is not None:
            self.join()

    # -- the thread

    def run(self) -> None:
        self._check_root(time.monotonic(), first=True)
        self.armed.set()
        while True:
            for message in self._messages():
                if isinstance(message, _Stop):
                    self._subscription.end()
                    return
                self._receive(message)
            now = time.monotonic()
            if now >= self._presence.due:
                self._check_root(now)
            poll_due = self._subscription.poll_due
            if poll_due is not None and now >= poll_due:
                self._poll(now)
            self._give_out(now)

    def _messages(self) -> Iterator[object]:
        """What came in, waiting until something does or something of ours is due."""
        dues = [self._presence.due, self._subscription.poll_due, self._pending.next_due()]
        next_due = min(due for due in dues if due is not None)
        try:
            yield self._inbox.get(timeout=max(0.0, next_due - time.monotonic()))
            while True:
                yield self._inbox.get_nowait()
        except queue.Empty:
            return

    def _receive(self, message: object) -> None:
        if isinstance(message, EventsReady):
            self._receive_changes(self._subscription.take(message.source))
        elif isinstance(message, _HeldFile):
            self._note_file(message.relative, message.facts, time.monotonic())
        elif isinstance(message, _Looked):
            self._presence.looked(message.seconds)
        elif isinstance(message, EventsBroken) and self._subscription.broke(message.source):
            _log.info("events of %s broke off: %s", self._root, message.reason)
            self._pending.note_folder("", time.monotonic())
            self._note_folders(self._subscription.arm())

    # -- what may have changed

    def _receive_changes(self, changes: Changes) -> None:
        now = time.monotonic()
        if changes.lost:
            _log.info("more events of %s came than could be queued; all of it is looked at", self._root)
            self._pending.note_folder("", now)
            self._subscription.restart()
        for relative in changes.paths:
            self._note_path(relative, now)
        for new, old in changes.moves.items():
            self._pending.note_move(old, new)

    def _note_path(self, relative: str, now: float) -> None:
        if not self._scanner.may_matter(relative):
            return
        if name_of(relative) in IGNORE_FILES:
            self._pending.note_folder(relative.rpartition("/")[0], now)
            return
        facts = self._current_facts(relative, follow=False)
        is_link = facts is not None and stat.S_ISLNK(facts.mode)
        if is_link:
            facts = self._current_facts(relative)
        if facts is not None and relative and self._scanner.is_left_out(relative, is_folder=facts.is_folder):
            return
        if facts is not None and facts.is_folder:
            self._subscription.renew(relative)
        else:
            self._subscription.forget(relative)
        if is_link and relative:
            self._subscription.add_link(relative)
        if facts is None or facts.is_folder:
            self._pending.note_folder(relative, now)
        else:
            self._note_file(relative, facts, now)

    def _note_file(self, relative: str, facts: FileFacts, now: float) -> None:
        self._pending.note_file(relative, facts, now, age=age_seconds(facts, time.time_ns()))

    def _note_folders(self, folders: Iterable[str]) -> None:
        now = time.monotonic()
        for relative in folders:
            self._pending.note_folder(relative, now)

    def _current_facts(self, relative: str, *, follow: bool = True) -> FileFacts | None:
        try:
            return facts_at(self._root, relative, follow=follow)
        except OSError:
            return None

    def _poll(self, now: float) -> None:
        changed, folders = self._subscription.poll(now)
        for relative, facts in changed:
            self._note_file(relative, facts, now)
        self._note_folders(folders)

    def _give_out(self, now: float) -> None:
        """Emit what has settled."""
        files, folders = self._pending.take(now, self._current_facts)
        if folders and not self._missing:
            self._note_folders(self._subscription.extend(folders))
        outer = frozenset(outermost(folders))
        inner = frozenset(file for file in files if not any(within(file, folder) for folder in outer))
        if inner or outer:
            self._on_batch(Batch(self._root, inner, outer, sweep="" in outer))

    # -- the root itself

    def _check_root(self, now: float, *, first: bool = False) -> None:
        """Follow the root when it appears or is replaced, give it up when it goes, and sweep it when that is due."""
        change = self._presence.check(now)
        if change == "sweep":
            self._note_folders(self._subscription.arm())
            self._sweep(now)
        elif change == "gone":
            self._give_up(f"`{self._root}` went away; nothing of it is deleted")
        elif change == "same" and first:
            self._give_up(f"`{self._root}` is not there; it is followed as soon as it appears")
        elif change in {"appeared", "replaced"}:
            if change == "appeared" and not first:
                self._on_notice(Notice(self._root, "root_back", f"`{self._root}` is there now"))
            self._note_folders(self._subscription.begin())
            self._missing = False
            self._sweep(now)
        elif change == "same":
            for relative in self._subscription.beat(now):
                self._note_path(relative, now)

    def _give_up(self, message: str) -> None:
        self._subscription.end()
        self._missing = True
        self._on_notice(Notice(self._root, "root_missing", message))
        self._on_batch(Batch(self._root, sweep=True))

    def _sweep(self, now: float) -> None:
        """Have all of the root looked at."""
        self._presence.swept(now)
        self._on_batch(Batch(self._root, sweep=True))
