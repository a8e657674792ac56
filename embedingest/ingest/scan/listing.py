"""What a scan yields: files, skipped paths with their reasons, one folder at a time. Reads nothing."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from embedingest.ingest.scan.files import FileFacts

__all__ = ["Excluded", "FoundFile", "Listing", "Reason", "SkippedPath", "special_file", "unreadable"]

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

_SPECIAL: Final = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class FoundFile(NamedTuple):
    """A file for us. `relative` is its POSIX path below the root, empty where the root is the file itself."""

    relative: str
    facts: FileFacts
    link: bool = False


class Excluded(NamedTuple):
    """A path that a rule leaves out."""

    rule: str


class SkippedPath(NamedTuple):
    """A path that is not taken, and why. `subtree`: what lies below is unknown, so none of it counts as deleted."""

    relative: str
    reason: Reason
    message: str
    subtree: bool = False


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
