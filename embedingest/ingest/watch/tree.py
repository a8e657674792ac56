"""The folders of a root as a watcher needs them: which to watch, which show the same, which no event can name."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedingest.ingest.scan.files import is_decodable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from embedingest.ingest.scan.scanner import Scanner

__all__ = ["Tree", "outermost", "within"]


@dataclass(slots=True)
class Tree:
    """Folders below one root, by relative path.

    `folders` is every folder a scan enters and can read. `blind` are the ones of these that hold, or bear, a name
    that is no text: events cannot say it. `same` maps a path to the other paths at which links show it; those
    folders are not watched themselves, since the system knows a folder by one name only.
    """

    folders: set[str] = field(default_factory=set)
    blind: set[str] = field(default_factory=set)
    same: dict[str, set[str]] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)
    _real: dict[str, str] = field(default_factory=dict)

    def read(self, scanner: Scanner, below: str = "") -> bool:
        """Add what lies below a path; False when nothing was new."""
        before = len(self.folders)
        top = os.path.realpath(scanner.root)
        for listing in scanner.listings(below, files=False):
            if any(path.subtree and path.relative == listing.relative for path in listing.skipped):
                continue
            for file in listing.files:
                self.add_link(top, file.relative)
            if any(file.relative == listing.relative for file in listing.files):
                continue
            self.folders.add(listing.relative)
            if listing.undecodable or not is_decodable(listing.relative):
                self.blind.add(listing.relative)
            if listing.linked:
                self.linked.add(listing.relative)
                self.add_link(top, listing.relative)
        return len(self.folders) > before

    def add_link(self, top: str, relative: str) -> None:
        """Remember what a link shows. `top` is the root's real path."""
        real = os.path.realpath(f"{top}/{relative}")
        inside = real[len(top) :].lstrip("/") if real == top or real.startswith(top.rstrip("/") + "/") else None
        # Of several links to one place outside, the first stands for it.
        shown = self._real.setdefault(real, relative) if inside is None else inside
        if shown != relative:
            self.same.setdefault(shown, set()).add(relative)

    def forget(self, relative: str) -> None:
        """A folder went, or another took its place: whatever was known of it is void."""
        self.folders = {folder for folder in self.folders if not within(folder, relative)}
        self.blind &= self.folders
        self.linked &= self.folders
        if self.same:
            gone = [path for path in self.same if within(path, relative)]
            for path in gone:
                del self.same[path]
            for others in self.same.values():
                others -= {path for path in others if within(path, relative)}
            self._real = {real: path for real, path in self._real.items() if not within(path, relative)}

    def to_watch(self) -> Iterator[str]:
        """The folders that get a watch of their own."""
        hidden = {path for others in self.same.values() for path in others} if self.same else set()
        return (folder for folder in self.folders if folder not in self.blind and folder not in hidden)

    def names(self, relative: str) -> Iterator[str]:
        """A path and every other path at which links show it."""
        yield relative
        if self.same:
            yield from self.same.get(relative, ())
            parent, _, name = relative.rpartition("/")
            for other in self.same.get(parent, ()):
                yield f"{other}/{name}"


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
