"""Changes found by looking again: what a folder was at the last look against what it is now. Knows no events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.watch.tree import within

if TYPE_CHECKING:
    from embedingest.ingest.scan.files import FileFacts
    from embedingest.ingest.scan.scanner import Scanner

__all__ = ["Polled", "Poller"]


class Polled(NamedTuple):
    """Files that are new or differ, with their facts; files that are gone, and folders that can be read no more, or
    again.
    """

    changed: list[tuple[str, FileFacts]]
    folders: list[str]


class Poller:
    """Looks at all of a root again and again. `busy_seconds` is what the last look took."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner: Final = scanner
        self.busy_seconds = 0.0
        self._files: dict[str, FileFacts] = {}
        self._unseen: set[str] = set()

    def poll(self) -> Polled:
        """What changed since the last call; the first call finds everything new.

        What is gone is looked for a second time: a look in the middle of a move can see neither end of it.
        """
        began = time.perf_counter()
        files, unseen = self._look()
        if not self._files.keys() <= files.keys():
            gone = self._files.keys() - files.keys()
            files, unseen = self._look()
            # What the first look still saw is gone from the next call on, after a look of its own.
            for relative in self._files.keys() - files.keys() - gone:
                files[relative] = self._files[relative]
        changed = [(relative, facts) for relative, facts in files.items() if self._files.get(relative) != facts]
        gone = self._files.keys() - files.keys()
        folders = [*gone, *(unseen ^ self._unseen)]
        self._files, self._unseen = files, unseen
        self.busy_seconds = time.perf_counter() - began
        return Polled(changed, folders)

    def _look(self) -> tuple[dict[str, FileFacts], set[str]]:
        """The files that are there now, and the paths that cannot be looked into: what lay below these still counts."""
        files: dict[str, FileFacts] = {}
        unseen: set[str] = set()
        for listing in self.scanner.listings():
            files.update((file.relative, file.facts) for file in listing.files)
            unseen.update(path.relative for path in listing.skipped if path.subtree)
        for relative, facts in self._files.items() if unseen else ():
            if any(within(relative, top) for top in unseen):
                files.setdefault(relative, facts)
        return files, unseen
