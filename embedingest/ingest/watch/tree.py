"""The folders and links of a root as a watcher needs them: what lies in what, and which paths show the same."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedingest.ingest.scan.scanner import Scanner

__all__ = ["Tree", "outermost", "within"]


@dataclass(slots=True)
class Tree:
    """Folders and symbolic links below one root, by relative path.

    `folders` is every folder that a scan enters, with the folders and links in it. `links` is every link that is not
    excluded, with the real path that it shows.
    """

    folders: dict[str, set[str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    _shown: dict[str, set[str]] = field(default_factory=dict)

    def read(self, scanner: Scanner, below: str = "") -> tuple[list[str], list[str]]:
        """Add what lies below a path; answers the folders and the links that are new, outer ones first."""
        folders, links = [], []
        for listing in scanner.listings(below, files=False):
            relative = listing.relative
            linked = [file.relative for file in listing.files if file.link]
            linked += [path.relative for path in listing.skipped if path.reason.startswith("link_")]
            if listing.linked and os.path.islink(f"{scanner.root}/{relative}"):
                linked.append(relative)
            unseen = [path.reason for path in listing.skipped if path.relative == relative]
            is_folder = not any(file.relative == relative for file in listing.files)
            # One that cannot be read now is a folder too, and may be readable soon.
            if is_folder and set(unseen) <= {"unreadable"} and relative not in self.folders:
                self.folders[relative] = set()
                self._hang(relative)
                folders.append(relative)
            links += [link for link in linked if self.add_link(scanner.root, link)]
        return folders, links

    def add_link(self, root: str, relative: str) -> bool:
        """Remember what a link shows; False when it was known, and showed the same."""
        real = os.path.realpath(f"{root}/{relative}")
        self._hang(relative)
        if self.links.get(relative) == real:
            return False
        self._unlink(relative)
        self.links[relative] = real
        self._shown.setdefault(real, set()).add(relative)
        return True

    def forget(self, relative: str) -> list[str]:
        """What was at this path is gone, or something else is there; answers every path that was known of it."""
        if relative not in self.folders and relative not in self.links:
            return []
        self.folders.get(_parent(relative), set()).discard(relative)
        gone, ahead = [], [relative]
        while ahead:
            path = ahead.pop()
            gone.append(path)
            ahead += self.folders.pop(path, ())
            self._unlink(path)
        return gone

    def links_to(self, real: str) -> Iterable[str]:
        """The links that show the file at a real path."""
        return self._shown.get(real, ()) if self._shown else ()

    def _hang(self, relative: str) -> None:
        if relative and (parent := self.folders.get(_parent(relative))) is not None:
            parent.add(relative)

    def _unlink(self, relative: str) -> None:
        real = self.links.pop(relative, None)
        if real is not None:
            self._shown[real].discard(relative)
            if not self._shown[real]:
                del self._shown[real]


def _parent(relative: str) -> str:
    return relative.rpartition("/")[0]


def within(relative: str, top: str) -> bool:
    """Whether a path is another one, or lies below it."""
    return not top or relative == top or relative.startswith(top + "/")


def outermost(folders: Iterable[str]) -> set[str]:
    """The folders that lie in none of the others."""
    tops: set[str] = set()
    for folder in sorted(folders, key=len):
        parts = folder.split("/")
        if "" not in tops and not any("/".join(parts[:depth]) in tops for depth in range(1, len(parts))):
            tops.add(folder)
    return tops
