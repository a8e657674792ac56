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
    """Files that are new or differ, with their facts; paths that are gone, and folders that came."""

    changed: list[tuple[str, FileFacts]]
    folders: list[str]


class Poller:
    """Looks at one folder again and again: all that lies below it, or with `deep` off only what lies in it.

    `busy_seconds` is what the last look took.
    """

    def __init__(self, scanner: Scanner, below: str = "", *, deep: bool = True) -> None:
        self.scanner: Final = scanner
        self.below: Final = below
        self.deep: Final = deep
        self.busy_seconds = 0.0
        self._files: dict[str, FileFacts] = {}
        self._folders: set[str] = set()

    def poll(self) -> Polled:
        """What changed since the last call; the first call finds everything new.

        What is gone is looked for a second time: a look in the middle of a move can see neither end of it.
        """
        began = time.perf_counter()
        files, folders = self._look()
        if not self._files.keys() <= files.keys():
            gone = self._files.keys() - files.keys()
            files, folders = self._look()
            # What the first look still saw is gone from the next call on, after a look of its own.
            for relative in self._files.keys() - files.keys() - gone:
                files[relative] = self._files[relative]
        changed = [(relative, facts) for relative, facts in files.items() if self._files.get(relative) != facts]
        gone = self._files.keys() - files.keys()
        moved = [*gone, *(folders ^ self._folders)]
        self._files, self._folders = files, folders
        self.busy_seconds = time.perf_counter() - began
        return Polled(changed, moved)

    def _look(self) -> tuple[dict[str, FileFacts], set[str]]:
        """The files and folders that are there now."""
        files: dict[str, FileFacts] = {}
        folders: set[str] = set()
        unseen: list[str] = []
        for listing in self.scanner.listings(self.below):
            files.update((file.relative, file.facts) for file in listing.files)
            folders.update(listing.folders if not self.deep else ())
            unseen += [path.relative for path in listing.skipped if path.subtree]
            if not self.deep:
                break
        if unseen:
            self._keep_unseen(files, folders, unseen)
        return files, folders

    def _keep_unseen(self, files: dict[str, FileFacts], folders: set[str], unseen: list[str]) -> None:
        """Below paths that could not be read, what the last look found still counts."""
        for relative, facts in self._files.items():
            if any(within(relative, top) for top in unseen):
                files.setdefault(relative, facts)
        folders.update(folder for folder in self._folders if any(within(folder, top) for top in unseen))
