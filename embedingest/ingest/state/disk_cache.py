"""A bounded file of what was computed, by key: values as bytes, what was used longest ago goes first. Knows no meaning.

It is only ever a shortcut: lost, full or damaged, it is made again and values are computed again. A damaged file is
put aside, and a value is given out only as it was put in.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import zlib
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from embedingest.ingest.state.damage import connected, foreign_kind, identity_of, means_damage, set_aside
from embedingest.ingest.state.write_ahead import keep_log
from embedingest.regular import may_write

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["DiskCache"]

_log = logging.getLogger(__name__)
T = TypeVar("T")

_DEFAULT_BYTES: Final = 256 * 2**20
_VARIABLES: Final = 500
_WAIT_SECONDS: Final = 5
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS vectors (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, vector BLOB NOT NULL, stamp INTEGER NOT NULL, crc INTEGER
);
"""
_VERSION: Final = 2
_WITHOUT_CRC: Final = 1
"""The version before: its vectors are taken as they are, until each is put again."""


class DiskCache(ABC, Generic[T]):
    """Values by key, at most about `limit` bytes on disk; what was used longest ago goes first.

    Where this process may not write, what is there is read and nothing is added.
    No method raises for a damaged file: it is put aside, an empty one made, and where even that fails none is used.
    One thread at a time. A key is hexadecimal digits, of whole bytes.
    """

    kind = "cache"
    """What it is called where something is wrong with it."""
    large_bytes = 0
    """Where the room is short, values of so many bytes go before others do."""

    def __init__(self, path: Path, *, limit: int = _DEFAULT_BYTES) -> None:
        self._path = path
        self._limit = limit
        self._stamp = 0
        self.incomplete = False
        """Whether something that was put here is no longer kept."""
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._may_write = not os.path.lexists(path) or may_write(path)
        if self._may_write:
            self._open(again=True)
        else:
            self._open_to_read()

    @abstractmethod
    def _packed(self, key: str, value: T) -> bytes:
        """A value as bytes."""

    @abstractmethod
    def _unpacked(self, key: str, blob: bytes) -> T | None:
        """The opposite; `None` for what is to be computed again. Raises ValueError for bytes that are none."""

    def get(self, keys: Collection[str]) -> dict[str, T]:
        """The values of those keys that are known."""
        if self._db is None:
            return {}
        values: dict[str, T] = {}
        try:
            for part in _parts([bytes.fromhex(key) for key in keys]):
                marks = ",".join("?" * len(part))
                query = f"SELECT hash, vector, crc FROM vectors WHERE hash IN ({marks})"
                for key, blob, crc in self._db.execute(query, part):
                    # A damaged page may still parse: what is not what was put in is computed again.
                    if crc is None or crc == zlib.crc32(blob):
                        value = self._unpacked(key.hex(), blob)
                        if value is not None:
                            values[key.hex()] = value
            self._touch(values)
        except (sqlite3.Error, ValueError, TypeError, AttributeError) as error:
            self._recover(error)
        return values

    def put(self, values: Mapping[str, T]) -> None:
        """Remember these values, and forget the oldest when over the limit."""
        if self._db is None or not values or not self._may_write:
            return
        blobs = {bytes.fromhex(key): self._packed(key, value) for key, value in values.items()}
        rows = [(key, blob, self._stamp, zlib.crc32(blob)) for key, blob in blobs.items()]
        try:
            with self._db:
                query = "INSERT OR REPLACE INTO vectors (hash, vector, stamp, crc) VALUES (?, ?, ?, ?)"
                self._db.executemany(query, rows)
            self._evict()
        except sqlite3.Error as error:
            self._recover(error)

    def forget(self, keys: Collection[str]) -> None:
        """Forget these values: they were found to be wrong."""
        if self._db is None or not self._may_write:
            return
        try:
            with self._db:
                rows = [(bytes.fromhex(key),) for key in keys]
                self._db.executemany("DELETE FROM vectors WHERE hash=?", rows)
        except sqlite3.Error as error:
            self._recover(error)

    def clear(self) -> None:
        """Forget everything."""
        self.incomplete = True
        if not self._may_write:
            return
        self.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._open(again=False)

    def close(self) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def __len__(self) -> int:
        if self._db is None:
            return 0
        return int(self._db.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def _open(self, *, again: bool) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = identity_of(self._path)
            if (foreign := foreign_kind(self._path)) is not None:
                raise sqlite3.DatabaseError(foreign)
            # The pipeline is made in one thread and run in another, never in two at once.
            db = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, check_same_thread=False)
            self._db = db
            # Losing the last values in a power cut costs computing them again, so no fsync.
            keep_log(db, _WAIT_SECONDS)
            db.executescript("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=2000;")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in {0, _WITHOUT_CRC, _VERSION}:
                raise sqlite3.DatabaseError(f"version {version}, this program writes {_VERSION}")
            if version == _WITHOUT_CRC and "crc" not in {row[1] for row in db.execute("PRAGMA table_info(vectors)")}:
                with suppress(sqlite3.OperationalError):  # another process was first
                    db.execute("ALTER TABLE vectors ADD COLUMN crc INTEGER")
            db.executescript(f"{_SCHEMA} PRAGMA user_version={_VERSION};")
            self._stamp = 1 + int(db.execute("SELECT coalesce(max(stamp), 0) FROM vectors").fetchone()[0])
            self._file = identity_of(self._path)
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            self.close()
            if again and _is_damage(error):
                self._start_afresh(error)
            else:
                _log.warning("no %s at %s: %s", self.kind, self._path, error)
                self.incomplete = True

    def _open_to_read(self) -> None:
        """The file without its log, which cannot be read here: of what was added last the table is asked."""
        self.incomplete = True
        if foreign_kind(self._path) is not None:
            return
        with suppress(sqlite3.Error, OSError):
            self._db = connected(self._path, "immutable=1")
            if self._db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                self.close()

    def _start_afresh(self, error: Exception) -> None:
        """Put the file aside, unless another process has done so by now, and begin with an empty one."""
        self.incomplete = True
        self.close()
        if self._file is None or self._file == identity_of(self._path):
            try:
                aside = set_aside(self._path, most=1)
            except OSError as refusal:
                _log.warning("no %s at %s: %s; and it cannot be put aside: %s", self.kind, self._path, error, refusal)
                return
            _log.warning("%s %s is damaged (%s): it was put aside as %s", self.kind, self._path, error, aside.name)
        self._open(again=False)

    def _recover(self, error: Exception) -> None:
        if _is_damage(error) and self._may_write:
            self._start_afresh(error)
        else:
            # Full disk, locked, read-only: the file is sound, so leave it and do without.
            _log.warning("%s %s is not used: %s", self.kind, self._path, error)
            self.incomplete = True
            self.close()

    def _touch(self, keys: Collection[str]) -> None:
        if self._db is None or not self._may_write:
            return
        with self._db:
            for part in _parts([bytes.fromhex(key) for key in keys]):
                marks = ",".join("?" * len(part))
                self._db.execute(f"UPDATE vectors SET stamp=? WHERE hash IN ({marks})", [self._stamp, *part])

    def _evict(self) -> None:
        assert self._db is not None
        for least in dict.fromkeys((self.large_bytes, 0)):
            while (used := self._used()) > self._limit and (count := self._count(least)):
                # A tenth at a time, and at least the overshoot: ordering the whole table is not for every batch.
                share = max(0.1, 1 - self._limit / used)
                with self._db:
                    self._db.execute(
                        "DELETE FROM vectors WHERE id IN "
                        "(SELECT id FROM vectors WHERE length(vector) >= ? ORDER BY stamp, id LIMIT ?)",
                        (least, max(1, int(count * share))),
                    )
                self.incomplete = True

    def _count(self, least: int) -> int:
        """How many values have so many bytes or more."""
        assert self._db is not None
        return int(self._db.execute("SELECT count(*) FROM vectors WHERE length(vector) >= ?", (least,)).fetchone()[0])

    def _used(self) -> int:
        assert self._db is not None
        pages, free, size = (
            int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size


def _parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(keys), _VARIABLES):
        yield keys[start : start + _VARIABLES]


def _is_damage(error: Exception) -> bool:
    """Anything but what the system refuses: what a statement cannot make sense of, nobody of us wrote."""
    return means_damage(error) if isinstance(error, sqlite3.Error) else not isinstance(error, OSError)
