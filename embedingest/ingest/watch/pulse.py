"""What no event tells of, compared about once a second: links, folders that may not be watched, mounts, outer rules."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from embedingest.ingest.scan.files import stat_below
from embedingest.ingest.watch.filesystem import MountTable

if TYPE_CHECKING:
    from embedingest.ingest.scan.scanner import Scanner

__all__ = ["Pulse"]

_BUSY_FACTOR: Final = 50
"""Comparing takes at most about one part in so many of a processor: beyond some thousands of links it comes later."""

_Seen: TypeAlias = "tuple[int, ...] | None"


class Pulse:
    """Compares what it was told to `follow` with what it was. Belongs to one thread.

    All times are seconds of one clock that never goes back.
    """

    def __init__(self, scanner: Scanner) -> None:
        self._scanner: Final = scanner
        self._root: Final = scanner.root
        self._places: Final[dict[str, _Seen]] = {}
        self._mounts = MountTable(scanner.root)
        self._outer_rules = scanner.outer_rules()
        self._due = 0.0

    def follow(self, relative: str) -> None:
        """Compare this path from now on, through links."""
        self._places[relative] = self._look(relative)

    def drop(self, relative: str) -> None:
        """Compare this path no more."""
        self._places.pop(relative, None)

    def beat(self, now: float) -> set[str]:
        """The paths that differ from the last time; the empty one, for all of the root, where rules or mounts do."""
        if now < self._due:
            return set()
        began = time.thread_time()
        changed = self._mounts.changed()
        rules = self._scanner.outer_rules()
        if changed or rules != self._outer_rules:
            # All of it: what waits because something was unmounted is known of the mounts of a sweep.
            self._outer_rules = rules
            changed.add("")
        for relative, before in self._places.items():
            seen = self._look(relative)
            if seen != before:
                self._places[relative] = seen
                changed.add(relative)
        self._due = now + _BUSY_FACTOR * (time.thread_time() - began)
        return changed

    def close(self) -> None:
        self._mounts.close()

    def _look(self, relative: str) -> _Seen:
        """What a path leads to: a file with its facts, of a folder only which it is and whether it may be read."""
        try:
            st = os.stat(f"{self._root}/{relative}" if relative else self._root)
        except OSError as error:
            return None if error.errno != errno.ENAMETOOLONG else self._look_by_steps(relative)
        return _seen(st)

    def _look_by_steps(self, relative: str) -> _Seen:
        try:
            return _seen(stat_below(self._root, relative, follow=True))
        except OSError:
            return None


def _seen(st: os.stat_result) -> _Seen:
    if stat.S_ISDIR(st.st_mode):
        return st.st_ino, st.st_dev, st.st_mode, st.st_uid, st.st_gid
    return st.st_ino, st.st_dev, st.st_mode, st.st_size, st.st_mtime_ns, st.st_ctime_ns
