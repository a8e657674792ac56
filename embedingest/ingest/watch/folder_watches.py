"""Events of a root on Linux: a watch of the kernel on each folder that a scan enters, however it is reached.

The kernel knows a folder by one number, whatever paths lead to it, and keeps the number when the folder is moved. So
numbers are translated into paths as this module last knew them; what was moved is forgotten and watched anew.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Final

from embedingest.ingest.scan.files import facts_at
from embedingest.ingest.watch.events import Changes, EventsBroken, EventsReady, NoEventsError
from embedingest.ingest.watch.inotify import FolderLostError, Inotify, NoWatchesError
from embedingest.ingest.watch.kernel_reader import KernelReader
from embedingest.ingest.watch.tree import Tree

if TYPE_CHECKING:
    import queue
    from collections.abc import Iterable, Iterator

    from embedingest.ingest.scan.scanner import Scanner
    from embedingest.ingest.watch.kernel_reader import Place
    from embedingest.ingest.watch.pulse import Pulse

__all__ = ["FolderWatches"]

_ATTEMPTS: Final = 5


class FolderWatches:
    """Tells of changes below one root; an `EventSource`. Raises NoEventsError.

    What no event tells of is given to `pulse`: the links, and the folders that may not be watched. The ones that are
    excluded, or reached by a link that is not followed, cost nothing.
    """

    def __init__(self, scanner: Scanner, pulse: Pulse, inbox: queue.SimpleQueue[object]) -> None:
        self._scanner: Final = scanner
        self._pulse: Final = pulse
        self._base: Final = os.path.abspath(scanner.root).rstrip("/")
        self._top: Final = os.path.realpath(scanner.root).rstrip("/")
        self._single: Final = "" if os.path.isdir(scanner.root) else os.path.basename(self._base)
        self._tree: Final = Tree()
        self._watch_of: Final[dict[str, int]] = {}
        self._names: Final[dict[int, set[str]]] = {}
        try:
            self._inotify: Final = Inotify()
        except NoWatchesError as error:
            raise NoEventsError(str(error)) from error
        self._reader: Final = KernelReader(
            self._inotify,
            lambda: inbox.put(EventsReady(self)),
            lambda reason: inbox.put(EventsBroken(self, reason)),
        )
        self._reader.start()

    def extend(self, folders: Iterable[str]) -> list[str]:
        """Watch what lies below, new folders too, until a look finds no folder that is not watched.

        A folder that came after its parent was listed, and before that was watched, gave no event.
        """
        folders = list(folders)
        if self._single:
            self._pulse.follow("")
            self._watch("")
            return []
        for _ in range(_ATTEMPTS):
            found = False
            for folder in folders:
                new, links = self._tree.read(self._scanner, folder)
                for link in links:
                    self._pulse.follow(link)
                for path in new:
                    self._watch(path)
                found = found or bool(new)
            if not found:
                return []
        return folders

    def take(self) -> Changes:
        gathered = self._reader.take()
        if gathered.lost:
            return Changes(set(), {}, lost=True)
        paths: set[str] = set()
        for watch in gathered.ended:
            for folder in self._names.pop(watch, ()):
                del self._watch_of[folder]
                paths.add(folder)
        if self._single and gathered.ended:
            with contextlib.suppress(NoEventsError):
                self._watch("")
        moves: dict[str, str] = {}
        for place in gathered.places:
            names = list(self._paths(place))
            paths.update(names)
            old = gathered.moves.get(place)
            if old is not None and (old_names := list(self._paths(old))):
                moves.update(dict.fromkeys(names, old_names[0]))
        return Changes(paths, moves)

    def renew(self, folder: str) -> None:
        if folder not in self._tree.folders:
            return
        try:
            watch = self._inotify.add(self._folder_of_root(), folder)
        except (FolderLostError, NoWatchesError):
            watch = -1
        if watch < 0 or watch != self._watch_of.get(folder):
            self.forget(folder)
            if watch >= 0 and watch not in self._names:
                self._inotify.remove(watch)

    def forget(self, relative: str) -> None:
        for path in self._tree.forget(relative):
            self._pulse.drop(path)
            watch = self._watch_of.pop(path, None)
            if watch is None:
                continue
            self._names[watch].discard(path)
            if not self._names[watch]:
                del self._names[watch]
                self._inotify.remove(watch)

    def add_link(self, relative: str) -> None:
        if self._scanner.rules.follow_symlinks != "never":
            self._tree.add_link(self._scanner.root, relative)
            self._pulse.follow(relative)

    def close(self) -> None:
        self._reader.close()
        self._inotify.close()

    def _folder_of_root(self) -> str:
        return os.path.dirname(self._base).rstrip("/") if self._single else self._base

    def _watch(self, folder: str) -> None:
        """Put a watch on a folder of the tree; one that is none any more leaves it."""
        try:
            watch = self._inotify.add(self._folder_of_root(), folder)
        except NoWatchesError as error:
            raise NoEventsError(str(error), len(self._tree.folders)) from error
        except FolderLostError:
            if self._is_folder(folder):
                self._pulse.follow(folder)
            else:
                self.forget(folder)
            return
        self._watch_of[folder] = watch
        self._names.setdefault(watch, set()).add(folder)

    def _is_folder(self, folder: str) -> bool:
        try:
            facts = facts_at(self._scanner.root, folder, follow=True)
        except OSError:
            return True  # it may be one
        return facts is not None and stat.S_ISDIR(facts.mode)

    def _paths(self, place: Place) -> Iterator[str]:
        """The relative paths of a place: one for each name that links give it."""
        watch, name = place
        for folder in self._names.get(watch, ()):
            if self._single:
                if not name or name == self._single:
                    yield ""
                continue
            relative = f"{folder}/{name}" if folder and name else folder or name
            yield relative
            yield from self._tree.links_to(f"{self._top}/{relative}")
