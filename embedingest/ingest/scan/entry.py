"""What one entry of a folder is: a file for us, a folder to enter, a skipped path, or nothing. Lists no folder."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.scan.excluded import OURS, leads_through_excluded
from embedingest.ingest.scan.files import facts_of, name_of, stat_below
from embedingest.ingest.scan.ignore import BY_IGNORE_FILE
from embedingest.ingest.scan.listing import Excluded, FoundFile, SkippedPath, special_file, unreadable

if TYPE_CHECKING:
    from embedingest.ingest.scan.ignore import Rules
    from embedingest.ingest.scan.ignore_files import Chain, IgnoreFiles

__all__ = ["EntryClassifier", "Folder"]

_MAX_LINK_HOPS: Final = 4


class Folder(NamedTuple):
    """A folder that a scan enters: the ignore files that apply to it, and how many links lead to it."""

    relative: str
    chain: Chain
    hops: int


class EntryClassifier:
    """Decides what the entries below one root are, by rules, ignore files and stat facts. Holds no state."""

    def __init__(self, root: str, rules: Rules, ignore_files: IgnoreFiles) -> None:
        self._root: Final = root
        self._rules: Final = rules
        self._ignore_files: Final = ignore_files

    def classify(
        self, entry: os.DirEntry[str] | _StatEntry, relative: str, chain: Chain, hops: int
    ) -> FoundFile | SkippedPath | Folder | Excluded | None:
        """What one entry of a folder is; `None`: nothing. Raises OSError where it cannot be looked at."""
        try:
            if entry.is_symlink():
                return self._classify_link(entry, relative, chain, hops)
            if entry.is_dir(follow_symlinks=False):
                return self._classify_folder(entry, relative, chain, hops)
            if excluded := self._exclusion(relative, entry.name, chain):
                return excluded
            if not self._rules.includes(relative):
                return None
            st = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        if stat.S_ISREG(st.st_mode):
            return FoundFile(relative, facts_of(st))
        return special_file(relative, st.st_mode)

    def classify_path(
        self, relative: str, chain: Chain, hops: int
    ) -> FoundFile | SkippedPath | Folder | Excluded | None:
        """As `classify`, of a path that no listing has named. A path that cannot be looked at is skipped."""
        try:
            return self.classify(_StatEntry(self._root, relative), relative, chain, hops)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return unreadable(relative, error)

    def _classify_folder(
        self, entry: os.DirEntry[str] | _StatEntry, relative: str, chain: Chain, hops: int
    ) -> Folder | Excluded:
        if excluded := self._exclusion(relative + "/", entry.name, chain):
            return excluded
        if self._rules.outputs:
            st = entry.stat(follow_symlinks=False)
            if (st.st_dev, st.st_ino) in self._rules.outputs:
                return Excluded(OURS)
        return Folder(relative, chain, hops)

    def _classify_link(
        self, entry: os.DirEntry[str] | _StatEntry, relative: str, chain: Chain, hops: int
    ) -> FoundFile | SkippedPath | Folder | Excluded | None:
        if excluded := self._exclusion(relative, entry.name, chain):
            return excluded
        if self._rules.follow_symlinks == "never":
            return SkippedPath(relative, "link", "a symbolic link, and `follow_symlinks` is `never`")
        try:
            st = os.stat(f"{self._root}/{relative}")
        except OSError:
            return SkippedPath(relative, "link_broken", "a symbolic link that leads nowhere")
        refused = self._refuse_target(relative)
        if refused is not None:
            return refused
        if stat.S_ISREG(st.st_mode):
            return FoundFile(relative, facts_of(st), link=True) if self._rules.includes(relative) else None
        if not stat.S_ISDIR(st.st_mode):
            return special_file(relative, st.st_mode)
        if excluded := self._exclusion(relative + "/", entry.name, chain):
            return excluded
        if (st.st_dev, st.st_ino) in self._rules.outputs:
            return Excluded(OURS)
        if hops >= _MAX_LINK_HOPS or self._is_loop(relative, st):
            return SkippedPath(relative, "link_loop", "a symbolic link to a folder that holds it")
        return Folder(relative, chain, hops + 1)

    def _refuse_target(self, relative: str) -> SkippedPath | None:
        target, top = os.path.realpath(f"{self._root}/{relative}"), os.path.realpath(self._root)
        inside = target == top or target.startswith(top.rstrip("/") + "/")
        if not inside and self._rules.follow_symlinks == "inside":
            return SkippedPath(relative, "link_outside", f"a symbolic link out of the root, to `{target}`")
        # A link of a harmless name may not bring in a file whose true name is excluded.
        base, below = (top, target[len(top) :]) if inside else os.path.split(target)
        if leads_through_excluded(base, list(filter(None, below.split("/")))):
            return SkippedPath(relative, "link_excluded", f"a symbolic link to `{target}`, which is excluded")
        return None

    def _is_loop(self, relative: str, target: os.stat_result) -> bool:
        path = self._root
        for name in relative.split("/"):
            st = os.stat(path)
            if (st.st_dev, st.st_ino) == (target.st_dev, target.st_ino):
                return True
            path = f"{path}/{name}"
        return False

    def _exclusion(self, path: str, name: str, chain: Chain) -> Excluded | None:
        """Which rule leaves this path out, if one does; a folder's path ends with a slash."""
        parent = f"{self._root}/{path.rstrip('/')}".rpartition("/")[0]
        rule = self._rules.exclusion(path, name, parent=parent)
        if rule is None and chain and self._ignore_files.exclude(path, chain):
            rule = BY_IGNORE_FILE
        return None if rule is None else Excluded(rule)


class _StatEntry:
    """One path, looked at on its own, with the face of a directory entry. Raises OSError when it cannot be."""

    __slots__ = ("_stat", "name")

    def __init__(self, root: str, relative: str) -> None:
        self.name = name_of(relative)
        self._stat = stat_below(root, relative)

    def is_symlink(self) -> bool:
        return stat.S_ISLNK(self._stat.st_mode)

    def is_dir(self, *, follow_symlinks: bool = False) -> bool:  # noqa: ARG002 -- the face of os.DirEntry
        return stat.S_ISDIR(self._stat.st_mode)

    def stat(self, *, follow_symlinks: bool = False) -> os.stat_result:  # noqa: ARG002 -- the face of os.DirEntry
        return self._stat
