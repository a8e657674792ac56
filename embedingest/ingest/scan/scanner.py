"""Which files a root holds for us, with their stat facts. Reads no file's content, save ignore files.

Where a scan could not look, it says so (`SkippedPath` with `subtree`): what it does not name below such a path is
unknown, and may not be called deleted.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from embedingest.ingest.scan.entry import EntryClassifier, Folder
from embedingest.ingest.scan.excluded import OURS, is_plain
from embedingest.ingest.scan.files import facts_of, name_of, open_below
from embedingest.ingest.scan.ignore import IGNORE_FILES, MARKER, Rules
from embedingest.ingest.scan.ignore_files import IgnoreFiles
from embedingest.ingest.scan.listing import Excluded, FoundFile, Listing, SkippedPath, special_file, unreadable
from embedingest.system import DIRECTORY, NO_FOLLOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from embedingest.ingest.scan.ignore_files import Chain

__all__ = ["Scanner"]

_BY_DESCRIPTOR: Final = os.scandir in os.supports_fd and os.open in os.supports_dir_fd
_OPEN_FOLDER: Final = os.O_RDONLY | DIRECTORY
_ENVIRONMENT: Final = "pyvenv.cfg"  # makes a folder a virtual environment of Python
_NO_FOLLOW: Final = NO_FOLLOW


class Scanner:
    """One root and its rules. Holds no state between calls: each reads the folder as it is now.

    `root` may be a folder or a single file, which is always taken, whatever its name.
    """

    def __init__(self, root: str | os.PathLike[str], rules: Rules | None = None) -> None:
        self.root: Final = os.fspath(root).rstrip("/") or "/"
        self.rules: Final = rules or Rules()
        self._ignore_files: Final = IgnoreFiles(self.root, enabled=self.rules.ignore_files)
        self._entries: Final = EntryClassifier(self.root, self.rules, self._ignore_files)

    def __repr__(self) -> str:
        return f"Scanner({self.root!r})"

    def scan(self, below: str = "", *, excluded: dict[str, int] | None = None) -> Iterator[FoundFile | SkippedPath]:
        """Every file below a relative path, folder by folder in the order of their names.

        Yields nothing for a path that is gone or excluded. A missing root yields one `SkippedPath` with `subtree`:
        `missing`, or `away` where only a part was asked for or the root went in the middle of the scan.
        What rules leave out is counted into `excluded` by its rule, a folder once.
        """
        for listing in self.listings(below):
            if excluded is not None:
                for rule, count in listing.excluded.items():
                    excluded[rule] = excluded.get(rule, 0) + count
            yield from listing.files
            yield from listing.skipped

    def scan_paths(self, relatives: Iterable[str]) -> Iterator[tuple[str, FoundFile | SkippedPath | None]]:
        """What single paths are now: a file for us, skipped with a reason, or `None` (gone, excluded, or a folder).

        Without a root every path is skipped as `missing`, which is not to say that it is gone.
        """
        parents: dict[str, tuple[Chain, int] | SkippedPath | None] = {}
        for relative in relatives:
            if not relative or self._identity() is None:
                item = self._root_file()
                if isinstance(item, SkippedPath):
                    item = item._replace(relative=relative)
                yield relative, item
                continue
            parent = relative.rpartition("/")[0]
            if parent not in parents:
                parents.clear()  # callers come in order, and a million parents are not worth keeping
                parents[parent] = self._approach(parent)
            approach = parents[parent]
            if approach is None or isinstance(approach, SkippedPath):
                yield relative, approach and approach._replace(relative=relative)
                continue
            entry = self._entries.classify_path(relative, *approach)
            yield relative, None if isinstance(entry, Folder | Excluded) else entry

    def listings(self, below: str = "", *, files: bool = True) -> Iterator[Listing]:
        """The scan folder by folder. With `files` off, no file is looked at but linked ones.

        A path that is no folder gives one listing that holds nothing else.
        """
        began = self._identity()
        start = self._start(below)
        if isinstance(start, Listing):
            yield start
        stack = [start] if isinstance(start, Folder) else []
        while stack:
            listing, deeper = self._list(stack.pop(), files=files)
            yield listing
            stack.extend(reversed(deeper))
        if self._identity() != began or (began is None and below):
            message = f"`{self.root}` went away while it was looked at"
            yield Listing.of_path("", SkippedPath("", "away", message, subtree=True))

    def concerned(self, relatives: Iterable[str]) -> set[str]:
        """The paths to look at again where these have changed."""
        return set(relatives)

    def outer_rules(self) -> tuple[object, ...]:
        """A value that differs once the rules outside the root have changed: git's, above it and a person's own."""
        return self._ignore_files.outer_facts()

    def may_matter(self, relative: str) -> bool:
        """Whether a change at this path can matter, by names alone. Cheap; ignore files and links are not asked."""
        path = ""
        for name in relative.split("/") if relative else ():
            if path:
                folder, _, inner = f"{self.root}/{path}".rpartition("/")
                if self.rules.exclusion(path + "/", inner, parent=folder) is not None:
                    return False
            path = f"{path}/{name}" if path else name
        name = name_of(path)
        if not name or name in IGNORE_FILES:
            return True
        # What is gone could have been a file or a folder.
        return not (self.rules.excludes(path, name) and self.rules.excludes(path + "/", name))

    def is_left_out(self, relative: str, *, is_folder: bool) -> bool:
        """Whether what stands at this path is left out by its own name, which `may_matter` cannot know."""
        name = name_of(relative)
        return name not in IGNORE_FILES and self.rules.excludes(f"{relative}/" if is_folder else relative, name)

    # -- where a scan starts

    def _identity(self) -> tuple[int, int] | None:
        """Which folder the root is. Without its root, or with another in its place, nothing below was really seen."""
        try:
            st = os.stat(self.root)
        except OSError:
            return None
        return (st.st_dev, st.st_ino) if stat.S_ISDIR(st.st_mode) else (0, 0)

    def _start(self, below: str) -> Folder | Listing | None:
        if not below:
            return self._start_at_root()
        approach = self._approach(below.rpartition("/")[0])
        if isinstance(approach, SkippedPath):
            return Listing.of_path(below, approach._replace(relative=below))
        entry = None if approach is None else self._entries.classify_path(below, *approach)
        if isinstance(entry, Excluded):
            return None
        return Listing.of_path(below, entry) if isinstance(entry, FoundFile | SkippedPath) else entry

    def _start_at_root(self) -> Folder | Listing:
        try:
            st = os.stat(self.root)
        except FileNotFoundError:
            return Listing.of_path("", self._missing())
        except OSError as error:
            return Listing.of_path("", unreadable("", error))
        if not stat.S_ISDIR(st.st_mode):
            return Listing.of_path("", self._root_file())
        chain = self._ignore_files.above_root()
        return Listing.of_path("", chain) if isinstance(chain, SkippedPath) else Folder("", chain, 0)

    def _root_file(self) -> FoundFile | SkippedPath:
        try:
            st = os.stat(self.root)
        except FileNotFoundError:
            return self._missing()
        except OSError as error:
            return unreadable("", error)
        if not stat.S_ISREG(st.st_mode):
            return special_file("", st.st_mode)
        return FoundFile("", facts_of(st), link=Path(self.root).is_symlink())

    def _missing(self) -> SkippedPath:
        return SkippedPath("", "missing", f"`{self.root}` does not exist", subtree=True)

    def _approach(self, folder: str) -> tuple[Chain, int] | SkippedPath | None:
        """The ignore files and link hops that apply inside `folder`; `None` where a scan would not enter it."""
        chain, hops, path = self._ignore_files.above_root(), 0, ""
        if isinstance(chain, SkippedPath):
            return chain
        for name in folder.split("/") if folder else ():
            inner = self._ignore_files.inside(path, chain)
            if isinstance(inner, SkippedPath):
                return inner
            path = f"{path}/{name}" if path else name
            entry = self._entries.classify_path(path, inner, hops)
            if not isinstance(entry, Folder):
                return entry if isinstance(entry, SkippedPath) and entry.subtree else None
            chain, hops = entry.chain, entry.hops
        inner = self._ignore_files.inside(folder, chain)
        return inner if isinstance(inner, SkippedPath) else (inner, hops)

    # -- one folder

    def _list(self, folder: Folder, *, files: bool) -> tuple[Listing, list[Folder]]:
        """One folder's listing, and the folders in it that are to be entered."""
        relative, _, hops = folder
        listing = Listing(relative, linked=hops > 0)
        descriptor = -1
        try:
            if _BY_DESCRIPTOR:
                flags = _OPEN_FOLDER if hops or not relative else _OPEN_FOLDER | _NO_FOLLOW
                descriptor = open_below(self.root, relative, flags)
            with os.scandir(descriptor if _BY_DESCRIPTOR else f"{self.root}/{relative}") as entries:
                by_name = {entry.name: entry for entry in entries}
            return listing, self._sort(folder, by_name, listing, files=files)
        except (FileNotFoundError, NotADirectoryError):
            if not relative:
                listing.skipped.append(SkippedPath("", "missing", f"`{self.root}` went away", subtree=True))
        except OSError as error:
            listing.files.clear()
            listing.skipped.append(unreadable(relative, error))
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return listing, []

    def _sort(
        self, folder: Folder, by_name: dict[str, os.DirEntry[str]], listing: Listing, *, files: bool
    ) -> list[Folder]:
        """Fill `listing` with the entries of a folder; the folders among them that are to be entered."""
        relative, chain, hops = folder
        if MARKER in by_name or (relative and _ENVIRONMENT in by_name):
            listing.exclude(OURS if MARKER in by_name else _ENVIRONMENT)  # wherever it was moved to
            return []
        inner = self._ignore_files.inside(relative, chain, by_name)
        if isinstance(inner, SkippedPath):
            listing.skipped.append(inner)
            return []
        prefix = f"{relative}/" if relative else ""
        parent = f"{self.root}/{relative}".rstrip("/")
        deeper: list[Folder] = []
        # Where no pattern applies, the default excludes decide by the name alone: the path of most files.
        plain = not (inner or self.rules.exclude or self.rules.include)
        for name in sorted(by_name):
            entry = by_name[name]
            if entry.is_file(follow_symlinks=False):
                if not files:
                    continue
                if plain and not is_plain(name):
                    rule = self.rules.default_exclusion(name, folder=False, parent=parent)
                    if rule is not None:
                        listing.exclude(rule)
                        continue
                if plain and (st := _stat(entry)) is not None and stat.S_ISREG(st.st_mode):
                    listing.files.append(FoundFile(prefix + name, facts_of(st)))
                    continue
            item = self._entries.classify(entry, prefix + name, inner, hops)
            if isinstance(item, Folder):
                deeper.append(item)
            elif item is not None:
                listing.add(item)
        return deeper


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
