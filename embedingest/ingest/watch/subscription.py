"""How the folders of one root are followed: by events of the system, by polling, or by both. Settles nothing.

Events are had from a reader, which is replaced whenever the set of folders changes; where none can be had, or a
folder's names cannot be said in one, its entries are compared with those of the last look.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

from embedingest.ingest.scan.files import facts_at
from embedingest.ingest.watch.events import RECURSIVE, EventReader, NoEventsError, TreeMovedError
from embedingest.ingest.watch.filesystem import explain_limit, filesystem_of, is_remote
from embedingest.ingest.watch.poll import Polled, Poller
from embedingest.ingest.watch.tree import Tree
from embedingest.ingest.watch.values import Notice

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable, Iterable

    from embedingest.ingest.scan.scanner import Scanner
    from embedingest.ingest.watch.values import WatchSettings

__all__ = ["Subscription"]

_LINGER_SECONDS: Final = 0.5
_ARM_ATTEMPTS: Final = 5
_BUSY_FACTOR: Final = 10
"""Polling takes at most about one part in so many of the time."""


class Subscription:
    """The watch over one root: reader, known folders and pollers. `mode` says how changes are noticed now.

    Belongs to one thread. Events arrive in `inbox`. Polling is not done by itself: `poll` is called once `poll_due`
    has come. All times are seconds of one clock that never goes back.
    """

    def __init__(
        self,
        scanner: Scanner,
        settings: WatchSettings,
        inbox: queue.SimpleQueue[object],
        on_notice: Callable[[Notice], None],
    ) -> None:
        self.mode: Literal["events", "polling"] = "events"
        self.single_file = False
        self._scanner: Final = scanner
        self._settings: Final = settings
        self._inbox: Final = inbox
        self._on_notice: Final = on_notice
        self._base: Final = os.path.abspath(scanner.root).rstrip("/")
        self._tree = Tree()
        self._reader: EventReader | None = None
        self._pollers: dict[str, Poller] = {}
        self._poll_due = 0.0
        self._outdated = False  # the tree has folders that the reader does not watch
        self._must_poll = bool(settings.polling)

    # -- beginning and end

    def begin(self) -> list[str]:
        """Follow a root that is there now and was not, or was another; answers as `extend`."""
        self.end()
        self.single_file = not os.path.isdir(self._scanner.root)
        return self.arm()

    def arm(self) -> list[str]:
        """Follow every folder there is, by events where they can be had, else by polling; answers as `extend`."""
        kind = "" if self._must_poll or self._settings.polling is False else filesystem_of(self._scanner.root)
        if is_remote(kind):
            self._must_poll = True
            root = self._scanner.root
            self._notify(f"`{root}` lies on {kind}, which tells of no changes; looking instead")
        if self._must_poll:
            self._start_polling()
            return []
        self.mode = "events"
        self._tree = Tree()
        return self.extend([""])

    def extend(self, folders: Iterable[str]) -> list[str]:
        """Watch what lies below, new folders too, until a look finds no folder that is not watched.

        A folder that came after its parent was listed, and before that was watched, gave no event. The answer is
        the folders to look at again once they rest: they come and go faster than they can be listed.
        """
        if self.mode != "events":
            return []
        if RECURSIVE or self.single_file:
            if self._reader is None:
                self._replace_reader()
            return []
        folders = list(folders)
        for _ in range(_ARM_ATTEMPTS):
            grown = [self._tree.read(self._scanner, folder) for folder in folders]
            self._outdated = self._outdated or any(grown) or self._reader is None
            if not self._outdated:
                return []
            self._outdated = not self._replace_reader()
            if self._must_poll:
                return []
        return folders

    def end(self) -> None:
        """Stop watching and forget every folder."""
        if self._reader is not None:
            self._reader.stop()
            self._reader = None
        self._tree = Tree()
        self._pollers = {}

    def reader_broke(self, reader: EventReader) -> bool:
        """A reader's events broke off; whether it was the present one, so that the watch is to be armed anew."""
        if reader is not self._reader:
            return False
        self._reader = None
        return True

    # -- what events say

    def paths(self, path: str) -> list[str]:
        """The relative paths of the absolute path of an event: one for each name that links give it."""
        if path == self._base:
            return list(self._tree.names(""))
        if self.single_file or not path.startswith(self._base + "/"):
            return []
        return list(self._tree.names(path[len(self._base) + 1 :]))

    def add_link(self, relative: str) -> None:
        """A path is a symbolic link: what it shows changes under this name too."""
        self._tree.add_link(os.path.realpath(self._scanner.root), relative)

    def forget(self, relative: str) -> None:
        """A folder went, or another took its place: even one of the same name has lost its watch."""
        self._tree.forget(relative)

    # -- polling

    @property
    def poll_due(self) -> float | None:
        """When `poll` is to be called; `None` where nothing is polled."""
        return self._poll_due if self._pollers else None

    def poll(self, now: float) -> list[Polled]:
        """What changed in the polled folders since the last call."""
        polled = [poller.poll() for poller in self._pollers.values()]
        busy_seconds = sum(poller.busy_seconds for poller in self._pollers.values())
        self._poll_due = now + busy_seconds + max(self._settings.poll_seconds, _BUSY_FACTOR * busy_seconds)
        return polled

    def _start_polling(self) -> None:
        if self._reader is not None:
            self._reader.stop(after=_LINGER_SECONDS)
            self._reader = None
        self.mode = "polling"
        if "" not in self._pollers or not self._pollers[""].deep:
            self._pollers = {"": Poller(self._scanner)}
            self._pollers[""].poll()

    def _fall_back(self, error: str) -> None:
        self._must_poll = True
        reason = explain_limit(error, len(self._tree.folders)) or error
        root, seconds = self._scanner.root, self._settings.poll_seconds
        self._notify(f"no events for `{root}`, looking every {seconds:g} s instead: {reason}")
        self._start_polling()

    def _notify(self, message: str) -> None:
        self._on_notice(Notice(self._scanner.root, "polling", message))

    # -- the reader

    def _replace_reader(self) -> bool:
        """Replace the reader by one over the present tree; False when that has changed meanwhile.

        The old one ends a moment later, so that nothing falls between the two.
        """
        try:
            reader = EventReader(self._watched_paths(), self._inbox)
        except TreeMovedError:
            for folder in [folder for folder in self._tree.folders if not self._is_there(folder)]:
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

    def _watched_paths(self) -> list[str]:
        if self.single_file:
            return [os.path.dirname(self._base) or "/"]
        if RECURSIVE:
            return [self._base or "/"]
        return [f"{self._base}/{folder}" if folder else self._base or "/" for folder in self._tree.to_watch()]

    def _is_there(self, folder: str) -> bool:
        try:
            return facts_at(self._scanner.root, folder, follow=True) is not None
        except OSError:
            return False
