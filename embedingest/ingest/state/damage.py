"""SQLite files of ours that are damaged: how that is told apart from a full disk, and how such a file is put aside.

What is damaged is renamed, never deleted: whoever wants to look into it can. Knows no meaning of a row.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from embedingest.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DamagedJournalError",
    "clear_suspicion",
    "connected",
    "foreign_kind",
    "identity_of",
    "means_damage",
    "salvaged",
    "set_aside",
    "suspect",
    "suspected",
    "trouble_in",
]

_SUFFIXES: Final = ("", "-wal", "-shm")
_MARK: Final = ".damaged-"
_SUSPECT: Final = ".suspect"
_MOST_KEPT: Final = 3
_CORRUPT: Final = 11
_NOT_A_DATABASE: Final = 26
_PRIMARY_CODE: Final = 0xFF
# SQLite tells these with its general code. Our own statements are constant, so it is the file that differs from them.
_OTHER_SCHEMA: Final = ("no such table", "no such column", "has no column named", "could not decode to utf-8")


class DamagedJournalError(StoreError):
    """The journal holds bytes that cannot be what was written, or is none of ours."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(
            f"the journal {path} is damaged: {reason}",
            remedy="`embedingest verify --repair`, and every `ingest` or `watch`, puts it aside and makes it again",
        )
        self.path = path
        self.reason = str(reason)


def means_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is wrong, rather than the disk full, the folder closed or another process in the way."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY_CODE in (_CORRUPT, _NOT_A_DATABASE):
        return True
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error).lower() for words in _OTHER_SCHEMA)
    # Without a code: what we raise ourselves of another version or another program's file.
    return code is None and type(error) is sqlite3.DatabaseError


def identity_of(path: Path) -> tuple[int, int] | None:
    """Which file lies at `path`, by device and inode; `None` where none does."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def foreign_kind(path: Path) -> str | None:
    """What lies at the place of a SQLite file and can be none; `None` where nothing does, or a file.

    SQLite itself would wait for a pipe, or say no more than that it cannot open it. A link to a file is followed.
    """
    for suffix in _SUFFIXES:
        place = path.with_name(path.name + suffix)
        try:
            found = place.lstat()
            if stat.S_ISLNK(found.st_mode) and not suffix:
                found = place.stat()
        except FileNotFoundError:
            if place.is_symlink():
                return "it is a link to nothing"
            continue
        except OSError as error:
            if place.is_symlink():
                return f"it is a link that cannot be followed: {error.strerror}"
            continue
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a link, a device or a pipe"
            return f"{place.name} is {kind}, not a file"
    return None


def set_aside(path: Path, *, most: int = _MOST_KEPT) -> Path:
    """Rename a closed SQLite file, with what belongs to it, out of the way; the new path. Raises OSError.

    The last `most` of them are kept.
    """
    numbers = _numbers(path)
    aside = path.with_name(f"{path.name}{_MARK}{max(numbers, default=0) + 1}")
    for suffix in _SUFFIXES:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    for number in sorted(numbers)[: max(0, len(numbers) + 1 - most)]:  # so that a failing disk does not fill, too
        for suffix in _SUFFIXES:
            with suppress(OSError):  # a folder stays
                path.with_name(f"{path.name}{_MARK}{number}{suffix}").unlink()
    return aside


def _numbers(path: Path) -> list[int]:
    """Of the files that were put aside in the place of this one."""
    mark = path.name + _MARK
    names = [entry.name.removeprefix(mark) for entry in path.parent.iterdir() if entry.name.startswith(mark)]
    return [int(name) for name in names if name.isdecimal()]


def salvaged(aside: Path, query: str) -> list[tuple[object, ...]]:
    """The rows that a query still finds in a file that was put aside; those before the first that cannot be read."""
    rows: list[tuple[object, ...]] = []
    if foreign_kind(aside) is None:
        with suppress(sqlite3.Error), closing(connected(aside, "mode=ro")) as db:
            rows.extend(db.execute(query))
    return rows


def connected(path: Path, mode: str) -> sqlite3.Connection:
    """A connection to a file that is there: `mode=rw`, `mode=ro`, or `immutable=1` where nobody writes it meanwhile."""
    name = "file:" + quote(os.fsencode(path.absolute())) + "?" + mode
    return sqlite3.connect(name, uri=True, timeout=5, isolation_level=None, check_same_thread=False)


def trouble_in(db: sqlite3.Connection) -> str | None:
    """What a look at every page finds wrong; `None` where nothing is. Takes tenths of a second for a large journal."""
    try:
        found = db.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if means_damage(error):
            return str(error)
        raise
    text = str(found[0]) if found else "nothing can be read"
    return None if text == "ok" else text.splitlines()[-1]


# -- what one process suspects, for the one that may write


def suspect(path: Path) -> None:
    """Leave word for whoever may write the journal at `path` that it seems damaged: looked into, then put aside."""
    with suppress(OSError):
        _mark_of(path).touch()


def suspected(path: Path) -> bool:
    """Whether somebody left word. Costs microseconds."""
    return os.path.exists(_mark_of(path))  # noqa: PTH110 -- false, too, where it may not be asked


def clear_suspicion(path: Path) -> None:
    """It was looked into."""
    with suppress(OSError):
        _mark_of(path).unlink(missing_ok=True)


def _mark_of(path: Path) -> Path:
    return path.with_name(path.name + _SUSPECT)
