"""What a scan yields: files, skipped paths with their reasons, one folder at a time. Reads nothing."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from embedingest.ingest.scan.files import FileFacts

__all__ = [
    "Beside",
    "Excluded",
    "Finder",
    "FoundFile",
    "Listed",
    "Listing",
    "Reason",
    "SkippedPath",
    "special_file",
    "unreadable",
]

Reason = Literal[
    "unreadable",
    "unlisted",
    "missing",
    "away",
    "special",
    "link",
    "link_outside",
    "link_loop",
    "link_broken",
    "link_excluded",
]

_SPECIAL: Final = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Beside(NamedTuple):
    """The sidecar of an item of a source: its key, and what the listing says of it."""

    relative: str
    mark: str
    facts: FileFacts


class Listed(NamedTuple):
    """What the listing of a source says of one of its items, which is needed to read just that version of it.

    `facts` are the item's own, without those of its sidecar.
    """

    mark: str
    facts: FileFacts
    sidecar: Beside | None = None


class FoundFile(NamedTuple):
    """A file for us. `relative` is its POSIX path below the root, empty where the root is the file itself.

    An item of a source that is no folder has its key as `relative`, and is `listed`.
    """

    relative: str
    facts: FileFacts
    link: bool = False
    listed: Listed | None = None


class Excluded(NamedTuple):
    """A path that a rule leaves out."""

    rule: str


class SkippedPath(NamedTuple):
    """A path that is not taken, and why. `subtree`: what lies below is unknown, so none of it counts as deleted."""

    relative: str
    reason: Reason
    message: str
    subtree: bool = False


class Finder(Protocol):
    """Who finds the files of one root: `Scanner` in a folder, `ItemScanner` in a source that is none."""

    @property
    def root(self) -> str:
        """Where the root is: `Root.where`."""
        ...

    def scan(self, below: str = "", *, excluded: dict[str, int] | None = None) -> Iterator[FoundFile | SkippedPath]:
        """Every file below a relative path; what rules leave out is counted into `excluded` by its rule."""
        ...

    def scan_paths(self, relatives: Iterable[str]) -> Iterator[tuple[str, FoundFile | SkippedPath | None]]:
        """What single paths are now: a file for us, skipped with a reason, or `None`."""
        ...

    def concerned(self, relatives: Iterable[str]) -> set[str]:
        """The paths to look at again where these have changed."""
        ...


@dataclass(slots=True)
class Listing:
    """One folder of a scan: its files and its skipped paths. All paths are relative.

    `linked`: it was reached through a symbolic link. `excluded` counts files and folders by the rule that leaves them
    out.
    """

    relative: str
    files: list[FoundFile] = field(default_factory=list)
    skipped: list[SkippedPath] = field(default_factory=list)
    excluded: dict[str, int] = field(default_factory=dict)
    linked: bool = False

    def add(self, item: FoundFile | SkippedPath | Excluded) -> None:
        """Put a path where it belongs."""
        if isinstance(item, FoundFile):
            self.files.append(item)
        elif isinstance(item, SkippedPath):
            self.skipped.append(item)
        else:
            self.exclude(item.rule)

    def exclude(self, rule: str) -> None:
        """Count a path that a rule leaves out."""
        self.excluded[rule] = self.excluded.get(rule, 0) + 1

    @classmethod
    def of_path(cls, relative: str, item: FoundFile | SkippedPath) -> Listing:
        """The listing of a path that is no folder to enter: nothing but what it is."""
        return cls(relative, files=[item]) if isinstance(item, FoundFile) else cls(relative, skipped=[item])


def special_file(relative: str, mode: int) -> SkippedPath:
    """A path that is neither a file nor a folder, by its mode."""
    kind = _SPECIAL.get(stat.S_IFMT(mode), "something else")
    return SkippedPath(relative, "special", f"{kind}, not a regular file")


def unreadable(relative: str, error: OSError, problem: str = "cannot be read") -> SkippedPath:
    """A path that the system does not let us see, and with it everything below."""
    return SkippedPath(relative, "unreadable", f"{problem}: {error.strerror or error}", subtree=True)
