"""What the journal knows of one file: values, with the numbers that SQLite can hold. Opens nothing."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NO_NOTICES", "NO_STAT", "FileState", "Known", "Provenance", "Stat", "stat_facts"]

_LARGEST_INTEGER: Final = 2**63 - 1

Stat: TypeAlias = tuple[int, int, int, int]
"""Size, mtime and ctime in nanoseconds, inode: what tells revisions of a file apart without reading it."""

NO_STAT: Final[Stat] = (-1, 0, 0, 0)

Known: TypeAlias = tuple[str, int, int, int, int, int, str]
"""The few facts of a file that an unchanged run compares: source, its `Stat`, whether it had settled, its state."""

NO_NOTICES: Final[Mapping[str, int]] = MappingProxyType({})


def stat_facts(facts: Sequence[int]) -> Stat:
    """The first four facts of a file, within SQLite's integers (file systems may claim any time)."""
    size, mtime_ns, ctime_ns, inode = facts[:4]
    return (size, _bounded(mtime_ns), _bounded(ctime_ns), inode & _LARGEST_INTEGER)


def _bounded(value: int) -> int:
    return max(-_LARGEST_INTEGER, min(_LARGEST_INTEGER, value))


class FileState(NamedTuple):
    """All that is known of one file.

    `state` is `done`, `empty`, `skipped`, `failed`, or `unverified` (the table has rows of it, and nobody has
    compared them with the file since the journal was lost). `settled` is 0 where the stat facts were too young to
    prove anything when the file was read. `children` are the sources of documents inside it. `kind`, `code` and
    `error` tell of the last failure, `attempts` how often in a row for this revision, `next_try` when again (seconds
    since the epoch; 0: not before it changes). `notices` counts what of the file is not in its rows, by kind.
    """

    source: str
    alias: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    settled: int
    state: str
    content_hash: str = ""
    config_hash: str = ""
    fingerprint: str = ""
    loader: str = ""
    chunker: str = ""
    chunks: int = 0
    children: tuple[str, ...] = ()
    kind: str = ""
    code: str = ""
    error: str = ""
    attempts: int = 0
    next_try: float = 0.0
    notices: Mapping[str, int] = NO_NOTICES

    def __reduce__(self) -> tuple[type[FileState], tuple[Any, ...]]:
        return FileState, (*self[:-1], dict(self.notices))  # a view of a dictionary cannot be pickled

    @property
    def stat(self) -> Stat:
        return self[2:6]

    @property
    def may_have_rows(self) -> bool:
        """Whether the table may hold rows of it; of what was not compared with it yet nobody knows."""
        return bool(self.chunks) or self.state == "unverified"

    @property
    def documents(self) -> tuple[str, ...]:
        """The sources whose rows belong to this file."""
        return (self.source, *self.children)


class Provenance(NamedTuple):
    """What some files were ingested with: loader and chunkers by name, the hash of their settings, the model."""

    loader: str
    chunker: str
    config_hash: str
    fingerprint: str
