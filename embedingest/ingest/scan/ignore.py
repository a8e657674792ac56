"""Which names below a root are not for us: default excludes, settings, ignore files. Opens nothing but ignore files.

Three sources of rules, in this order. What the settings say of a path is final. The default excludes
(`excluded.py`) can be lifted by the settings only, never by an ignore file, since ignore files come with the folder.
Ignore files decide the rest as git does: the last matching line of the deepest file.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from embedingest.ingest.scan.excluded import HIDDEN, exclusion_of, rule_text
from embedingest.ingest.scan.files import opened_below
from embedingest.ingest.scan.patterns import LONGEST_LINE, Patterns
from embedingest.system import NONBLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "BY_IGNORE_FILE",
    "BY_SETTINGS",
    "IGNORE_FILES",
    "MARKER",
    "LinkPolicy",
    "Patterns",
    "Rules",
    "mark_output",
    "read_ignore_file",
]

LinkPolicy = Literal["never", "inside", "always"]

IGNORE_FILES: Final = (".gitignore", ".embedingestignore")
"""Read in every folder, in this order; a later one has the last word."""

BY_SETTINGS: Final = "`exclude` of the settings"
BY_IGNORE_FILE: Final = "ignore files"
"""How exclusions that are no default are counted."""

MARKER: Final = ".embedingest-output"
"""A file of this name makes a folder ours: it is never ingested, wherever it is moved and whatever it is called."""

_MAX_IGNORE_BYTES: Final = 1 << 20
_MAX_LINES: Final = 20_000
_MAX_WILDCARDS: Final = 10_000  # of one file together: each costs some 10 µs once, and up to 1 µs a name

_log = logging.getLogger(__name__)


def mark_output(folder: str | os.PathLike[str]) -> None:
    """Make a folder ours for good, wherever it is moved to; one that is not there yet, or is not ours to write, is
    left as it is.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(os.path.join(folder, MARKER), os.O_WRONLY | os.O_CREAT, 0o644)
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Rules:
    """What of one root is for us. `outputs` are (device, inode) of folders we write to, known by identity."""

    exclude: Patterns = field(default_factory=lambda: Patterns(()))
    include: Patterns = field(default_factory=lambda: Patterns(()))
    ignore_files: bool = True
    hidden: bool = False
    follow_symlinks: LinkPolicy = "inside"
    outputs: frozenset[tuple[int, int]] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        gitignore: bool = True,
        hidden: bool = False,
        follow_symlinks: LinkPolicy = "inside",
        outputs: Iterable[str | os.PathLike[str]] = (),
    ) -> Rules:
        """Rules from settings. Raises ConfigError for a pattern that is none."""
        return cls(
            exclude=Patterns(exclude, strict=True),
            include=Patterns(include, strict=True),
            ignore_files=gitignore,
            hidden=hidden,
            follow_symlinks=follow_symlinks,
            outputs=frozenset(_identities(outputs)),
        )

    def excludes(self, path: str, name: str) -> bool:
        """Whether settings or defaults leave this path out, by names alone and ignore files aside."""
        return self.exclusion(path, name) is not None

    def exclusion(self, path: str, name: str, *, parent: str | None = None) -> str | None:
        """The rule of settings or defaults that leaves this path out. A folder's path ends with a slash.

        `parent` is its absolute folder; without it no rule is applied that has to look there.
        """
        verdict = self.exclude.verdict(path) if self.exclude else None
        if verdict is not None:
            return BY_SETTINGS if verdict else None
        return self.default_exclusion(name, folder=path.endswith("/"), parent=parent)

    def default_exclusion(self, name: str, *, folder: bool, parent: str | None = None) -> str | None:
        """The default rule that leaves a path of this name out."""
        rule = exclusion_of(name, folder=folder, parent=parent)
        if rule is not None:
            return rule_text(rule)
        return HIDDEN if name[0] == "." and not self.hidden else None

    def includes(self, path: str) -> bool:
        """Whether a file's path, or a folder above it, is among the included ones (all are, where none is named)."""
        if not self.include:
            return True
        while (verdict := self.include.verdict(path)) is None and path:
            parent = path.rstrip("/").rpartition("/")[0]
            path = f"{parent}/" if parent else ""
        return verdict is True


def read_ignore_file(root: str, relative: str) -> Patterns:
    """The patterns of one ignore file; lines that are no pattern are passed over.

    Raises OSError when it is unreadable, or holds more than any person writes: who cannot read all rules may not guess
    the rest.
    """
    with opened_below(root, relative, os.O_RDONLY | NONBLOCK) as descriptor:
        data = _read_at_most(descriptor, _MAX_IGNORE_BYTES + 1)
    path = os.path.join(root, relative)
    _bound(path, len(data), _MAX_IGNORE_BYTES, "bytes")
    lines = data.decode("utf-8-sig", "surrogateescape").split("\n")
    _bound(path, len(lines), _MAX_LINES, "lines")
    if any(len(line) > LONGEST_LINE for line in lines):
        _warn_once(f"{path} has lines of more than {LONGEST_LINE:,} characters, which are passed over")
    patterns = Patterns(line.removesuffix("\r") for line in lines)
    _bound(path, patterns.wildcards, _MAX_WILDCARDS, "wildcards")
    return patterns


def _read_at_most(descriptor: int, size: int) -> bytes:
    """One call may give less than there is."""
    pieces = []
    while size > 0 and (piece := os.read(descriptor, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _bound(path: str, found: int, most: int, what: str) -> None:
    if found > most:
        reason = f"it has more than {most:,} {what}"
        _warn_once(f"{path} is no ignore file that is read: {reason}; nothing below its folder is taken")
        raise OSError(errno.EFBIG, reason)


@functools.lru_cache(maxsize=1024)
def _warn_once(message: str) -> None:
    """A scan comes by every few minutes; what it has to say of a file that stays as it is it says once."""
    _log.warning("%s", message)


def _identities(paths: Iterable[str | os.PathLike[str]]) -> Iterable[tuple[int, int]]:
    for path in paths:
        try:
            st = os.stat(path)
        except OSError:
            continue
        yield st.st_dev, st.st_ino
