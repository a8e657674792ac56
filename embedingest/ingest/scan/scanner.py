"""Which files a root holds for us, with their stat facts. Reads no file's content, save ignore files.

A scan is a claim about what is there. Where it could not look, it says so (`Left` with `subtree`), so that nobody
takes silence for absence: nothing below such a path may be called deleted.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from embedingest.ingest.scan.files import FileFacts, facts_of, name_of, open_below, stat_below
from embedingest.ingest.scan.ignore import IGNORE_FILES, MARKER, Patterns, Rules, is_default_excluded, read_ignore_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Found", "Left", "Listing", "Reason", "Scanner", "is_text"]

Reason = Literal[
    "unreadable",
    "missing",
    "away",
    "special",
    "link",
    "link_outside",
    "link_loop",
    "link_broken",
    "link_excluded",
]

_MAX_LINK_HOPS: Final = 4
_SPECIAL: Final = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_BY_DESCRIPTOR: Final = os.scandir in os.supports_fd and os.open in os.supports_dir_fd
_OPEN_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


class Found(NamedTuple):
    """A file for us. `relative` is its POSIX path below the root, empty where the root is the file itself."""

    relative: str
    facts: FileFacts
    link: bool = False


class Left(NamedTuple):
    """A path that is not taken, and why. `subtree`: what lies below is unknown, so none of it counts as deleted."""

    relative: str
    reason: Reason
    message: str
    subtree: bool = False


@dataclass(slots=True)
class Listing:
    """One folder of a scan: its files, what was left, and the folders that come next. All paths are relative.

    `linked`: it was reached through a symbolic link. `undecodable`: it holds a name that is no text.
    """

    relative: str
    files: list[Found] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    linked: bool = False
    undecodable: bool = False


_Chain: TypeAlias = tuple[tuple[str, Patterns], ...]
"""Ignore files that apply to a folder: (prefix of the folder each lies in, its patterns), the deepest last."""


class _Pending(NamedTuple):
    relative: str
    chain: _Chain
    hops: int


class Scanner:
    """One root and its rules. Holds no state between calls: each reads the folder as it is now.

    `root` may be a folder or a single file, which is always taken, whatever its name.
    """

    def __init__(self, root: str | os.PathLike[str], rules: Rules | None = None) -> None:
        self.root: Final = os.fspath(root).rstrip("/") or "/"
        self.rules: Final = rules or Rules()
        self._absolute: Final = str(Path(self.root).absolute()).rstrip("/")

    def __repr__(self) -> str:
        return f"Scanner({self.root!r})"

    def scan(self, below: str = "") -> Iterator[Found | Left]:
        """Every file below a relative path, folder by folder in the order of their names.

        Yields nothing for a path that is gone or excluded. A missing root yields one `Left` with `subtree`:
        `missing`, or `away` where only a part was asked for or the root went in the middle of the scan.
        """
        for listing in self.listings(below):
            yield from listing.files
            yield from listing.left

    def look(self, relatives: Iterable[str]) -> Iterator[tuple[str, Found | Left | None]]:
        """What single paths are now: a file for us, left with a reason, or `None` (gone, excluded, or a folder).

        Without a root every path is left as `missing`, which is not to say that it is gone.
        """
        known: dict[str, tuple[_Chain, int] | Left | None] = {}
        for relative in relatives:
            if not relative or self._identity() is None:
                left = self._root_file()
                yield relative, left if isinstance(left, Found) or not relative else left._replace(relative=relative)
                continue
            parent = relative.rpartition("/")[0]
            if parent not in known:
                known.clear()  # callers come in order, and a million parents are not worth keeping
                known[parent] = self._approach(parent)
            way = known[parent]
            if way is None or isinstance(way, Left):
                yield relative, way and way._replace(relative=relative)
                continue
            taken = self._look_one(relative, *way)
            yield relative, None if isinstance(taken, _Pending) else taken

    def listings(self, below: str = "", *, files: bool = True) -> Iterator[Listing]:
        """The scan folder by folder. With `files` off, no file is looked at but linked ones.

        A path that is no folder gives one listing that holds nothing else.
        """
        began = self._identity()
        start = self._start(below)
        if isinstance(start, Listing):
            yield start
        stack = [start] if isinstance(start, _Pending) else []
        while stack:
            listing, deeper = self._enter(stack.pop(), files=files)
            yield listing
            stack.extend(reversed(deeper))
        if self._identity() != began or (began is None and below):
            yield _single("", Left("", "away", f"`{self.root}` went away while it was looked at", subtree=True))

    def concerned(self, relatives: Iterable[str]) -> set[str]:
        """The paths to look at again where these have changed."""
        return set(relatives)

    def may_matter(self, relative: str) -> bool:
        """Whether a change at this path can matter, by names alone. Cheap; ignore files and links are not asked."""
        path = ""
        for name in relative.split("/") if relative else ():
            if path and self.rules.barred(path + "/", path.rpartition("/")[2]):
                return False
            path = f"{path}/{name}" if path else name
        name = name_of(path)
        if not name or name in IGNORE_FILES:
            return True
        # What is gone could have been a file or a folder.
        return not (self.rules.barred(path, name) and self.rules.barred(path + "/", name))

    def _identity(self) -> tuple[int, int] | None:
        """Which folder the root is. Without its root, or with another in its place, nothing below was really seen."""
        try:
            st = os.stat(self.root)
        except OSError:
            return None
        return (st.st_dev, st.st_ino) if stat.S_ISDIR(st.st_mode) else (0, 0)

    # -- where a scan starts ------------------------------------------------------------------------------------

    def _start(self, below: str) -> _Pending | Listing | None:
        if not below:
            return self._start_at_root()
        way = self._approach(below.rpartition("/")[0])
        if isinstance(way, Left):
            return _single(below, way._replace(relative=below))
        taken = None if way is None else self._look_one(below, *way)
        return _single(below, taken) if isinstance(taken, Found | Left) else taken

    def _start_at_root(self) -> _Pending | Listing:
        try:
            st = os.stat(self.root)
        except FileNotFoundError:
            return _single("", Left("", "missing", f"`{self.root}` does not exist", subtree=True))
        except OSError as error:
            return _single("", _unreadable("", error))
        if not stat.S_ISDIR(st.st_mode):
            return _single("", self._root_file())
        chain = self._outer_chain()
        return _single("", chain) if isinstance(chain, Left) else _Pending("", chain, 0)

    def _root_file(self) -> Found | Left:
        try:
            st = os.stat(self.root)
        except FileNotFoundError:
            return Left("", "missing", f"`{self.root}` does not exist", subtree=True)
        except OSError as error:
            return _unreadable("", error)
        if not stat.S_ISREG(st.st_mode):
            return _special("", st.st_mode)
        return Found("", facts_of(st), link=Path(self.root).is_symlink())

    def _outer_chain(self) -> _Chain | Left:
        """The ignore files above a root that lies within a git work tree, as git honours them."""
        if not self.rules.ignore_files:
            return ()
        here = Path(self.root).absolute()
        top = next((folder for folder in (here, *here.parents) if os.path.exists(folder / ".git")), here)
        outer = [folder for folder in here.parents if folder.is_relative_to(top)]
        try:
            # An absolute prefix: `_excluded` takes it off the absolute path instead of the relative one.
            return tuple(
                (f"{folder}/", read_ignore_file(str(folder), ".gitignore"))
                for folder in reversed(outer)
                if os.path.isfile(folder / ".gitignore")
            )
        except OSError as error:
            return _unreadable("", error, "a `.gitignore` above the root cannot be read")

    def _approach(self, folder: str) -> tuple[_Chain, int] | Left | None:
        """The ignore files and link hops that apply inside `folder`; `None` where a scan would not enter it."""
        chain, hops, path = self._outer_chain(), 0, ""
        if isinstance(chain, Left):
            return chain
        for name in folder.split("/") if folder else ():
            inner = self._with_ignore_files(path, chain)
            if isinstance(inner, Left):
                return inner
            path = f"{path}/{name}" if path else name
            try:
                taken = self._judge(_Named(self.root, path), path, inner, hops)
            except (FileNotFoundError, NotADirectoryError):
                return None
            except OSError as error:
                return _unreadable(path, error)
            if not isinstance(taken, _Pending):
                return taken if isinstance(taken, Left) and taken.subtree else None
            chain, hops = taken.chain, taken.hops
        inner = self._with_ignore_files(folder, chain)
        return inner if isinstance(inner, Left) else (inner, hops)

    def _with_ignore_files(self, folder: str, chain: _Chain, names: Iterable[str] | None = None) -> _Chain | Left:
        """The chain with the ignore files of `folder` added, which are looked for unless `names` lists the folder."""
        if not self.rules.ignore_files:
            return chain
        prefix = f"{folder}/" if folder else ""
        for name in IGNORE_FILES:
            if names is not None and name not in names:
                continue
            try:
                patterns = read_ignore_file(self.root, prefix + name)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            except OSError as error:
                # Who cannot read the rule may not guess it: what it hides could be secret.
                return _unreadable(folder, error, f"`{name}` cannot be read")
            chain = (*chain, (prefix, patterns)) if patterns else chain
        return chain

    # -- one folder ---------------------------------------------------------------------------------------------

    def _enter(self, pending: _Pending, *, files: bool) -> tuple[Listing, list[_Pending]]:
        relative, _, hops = pending
        listing = Listing(relative, linked=hops > 0)
        descriptor = -1
        try:
            if _BY_DESCRIPTOR:
                flags = _OPEN_FOLDER if hops or not relative else _OPEN_FOLDER | _NO_FOLLOW
                descriptor = open_below(self.root, relative, flags)
            with os.scandir(descriptor if _BY_DESCRIPTOR else f"{self.root}/{relative}") as entries:
                named = {entry.name: entry for entry in entries}
            return listing, self._sort_out(pending, named, listing, files=files)
        except (FileNotFoundError, NotADirectoryError):
            if not relative:
                listing.left.append(Left("", "missing", f"`{self.root}` went away", subtree=True))
        except OSError as error:
            listing.files.clear()
            listing.left.append(_unreadable(relative, error))
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return listing, []

    def _sort_out(
        self, pending: _Pending, named: dict[str, os.DirEntry[str]], listing: Listing, *, files: bool
    ) -> list[_Pending]:
        relative, chain, hops = pending
        if MARKER in named or (relative and "pyvenv.cfg" in named):
            return []  # our own output wherever it was moved to, or a virtual environment
        inner = self._with_ignore_files(relative, chain, named)
        if isinstance(inner, Left):
            listing.left.append(inner)
            return []
        listing.undecodable = not is_text("".join(named))
        prefix = f"{relative}/" if relative else ""
        deeper: list[_Pending] = []
        # Most files are asked no more than their name: where no pattern applies, the defaults alone decide.
        plain = not (inner or self.rules.exclude or self.rules.include)
        for name in sorted(named):
            entry = named[name]
            if entry.is_file(follow_symlinks=False):
                if not files or (plain and self.rules.barred_by_default(name)):
                    continue
                if plain and (st := _stat(entry)) is not None and stat.S_ISREG(st.st_mode):
                    listing.files.append(Found(prefix + name, facts_of(st)))
                    continue
            taken = self._judge(entry, prefix + name, inner, hops)
            if isinstance(taken, Found):
                listing.files.append(taken)
            elif isinstance(taken, Left):
                listing.left.append(taken)
            elif taken is not None:
                deeper.append(taken)
                listing.folders.append(taken.relative)
        return deeper

    # -- one entry ----------------------------------------------------------------------------------------------

    def _look_one(self, relative: str, chain: _Chain, hops: int) -> Found | Left | _Pending | None:
        try:
            return self._judge(_Named(self.root, relative), relative, chain, hops)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return _unreadable(relative, error)

    def _judge(
        self, entry: os.DirEntry[str] | _Named, relative: str, chain: _Chain, hops: int
    ) -> Found | Left | _Pending | None:
        """What one entry of a folder is to us; `None`: nothing."""
        try:
            if entry.is_symlink():
                return self._judge_link(entry, relative, chain, hops)
            if entry.is_dir(follow_symlinks=False):
                return self._judge_folder(entry, relative, chain, hops)
            if self._excluded(relative, entry.name, chain) or not self.rules.included(relative):
                return None
            st = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        if stat.S_ISREG(st.st_mode):
            return Found(relative, facts_of(st))
        return _special(relative, st.st_mode)

    def _judge_folder(
        self, entry: os.DirEntry[str] | _Named, relative: str, chain: _Chain, hops: int
    ) -> _Pending | None:
        if self._excluded(relative + "/", entry.name, chain):
            return None
        if self.rules.outputs:
            st = entry.stat(follow_symlinks=False)
            if (st.st_dev, st.st_ino) in self.rules.outputs:
                return None
        return _Pending(relative, chain, hops)

    def _judge_link(
        self, entry: os.DirEntry[str] | _Named, relative: str, chain: _Chain, hops: int
    ) -> Found | Left | _Pending | None:
        if self._excluded(relative, entry.name, chain):
            return None
        if self.rules.follow_symlinks == "never":
            return Left(relative, "link", "a symbolic link, and `follow_symlinks` is `never`")
        try:
            st = os.stat(f"{self.root}/{relative}")
        except OSError:
            return Left(relative, "link_broken", "a symbolic link that leads nowhere")
        refused = self._refuse_target(relative)
        if refused is not None:
            return refused
        if stat.S_ISREG(st.st_mode):
            return Found(relative, facts_of(st), link=True) if self.rules.included(relative) else None
        if not stat.S_ISDIR(st.st_mode):
            return _special(relative, st.st_mode)
        if self._excluded(relative + "/", entry.name, chain) or (st.st_dev, st.st_ino) in self.rules.outputs:
            return None
        if hops >= _MAX_LINK_HOPS or self._is_loop(relative, st):
            return Left(relative, "link_loop", "a symbolic link to a folder that holds it")
        return _Pending(relative, chain, hops + 1)

    def _refuse_target(self, relative: str) -> Left | None:
        target, top = os.path.realpath(f"{self.root}/{relative}"), os.path.realpath(self.root)
        inside = target == top or target.startswith(top.rstrip("/") + "/")
        if not inside and self.rules.follow_symlinks == "inside":
            return Left(relative, "link_outside", f"a symbolic link out of the root, to `{target}`")
        # A harmless name may not bring in what its true name keeps out.
        names = target[len(top) :].split("/") if inside else [name_of(target)]
        if any(name and is_default_excluded(name) for name in names):
            return Left(relative, "link_excluded", f"a symbolic link to `{target}`, which is excluded")
        return None

    def _is_loop(self, relative: str, target: os.stat_result) -> bool:
        path = self.root
        for name in relative.split("/"):
            st = os.stat(path)
            if (st.st_dev, st.st_ino) == (target.st_dev, target.st_ino):
                return True
            path = f"{path}/{name}"
        return False

    def _excluded(self, path: str, name: str, chain: _Chain) -> bool:
        """Whether rules leave this path out; a folder's path ends with a slash."""
        if self.rules.barred(path, name):
            return True
        for prefix, patterns in reversed(chain):
            inner = path[len(prefix) :] if prefix[:1] != "/" else f"{self._absolute}/{path}"[len(prefix) :]
            said = patterns.verdict(inner)
            if said is not None:
                return said
        return False


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


class _Named:
    """One path, looked at on its own, with the face of a directory entry. Raises OSError when it cannot be."""

    __slots__ = ("_stat", "name")

    def __init__(self, root: str, relative: str) -> None:
        self.name = name_of(relative)
        self._stat = stat_below(root, relative)

    def is_symlink(self) -> bool:
        return stat.S_ISLNK(self._stat.st_mode)

    def is_dir(self, *, follow_symlinks: bool = False) -> bool:  # noqa: ARG002 -- the face of os.DirEntry
        return stat.S_ISDIR(self._stat.st_mode)

    def stat(self, *, follow_symlinks: bool = False) -> os.stat_result:  # noqa: ARG002 -- likewise
        return self._stat


def is_text(name: str) -> bool:
    """Whether a name is more than bytes: whether it decodes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _single(relative: str, one: Found | Left) -> Listing:
    return Listing(relative, files=[one]) if isinstance(one, Found) else Listing(relative, left=[one])


def _special(relative: str, mode: int) -> Left:
    return Left(relative, "special", f"{_SPECIAL.get(stat.S_IFMT(mode), 'something else')}, not a regular file")


def _unreadable(relative: str, error: OSError, what: str = "cannot be read") -> Left:
    return Left(relative, "unreadable", f"{what}: {error.strerror or error}", subtree=True)
