"""The SQLite file of a journal: its tables, its one connection, its transactions. Knows no meaning of a row."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["JournalDatabase"]

_log = logging.getLogger(__name__)

_VERSION: Final = 3
_TIMEOUT_SECONDS: Final = 10
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS roots (alias TEXT PRIMARY KEY, path BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    source TEXT PRIMARY KEY, alias TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    settled INTEGER NOT NULL, state TEXT NOT NULL,
    content_hash TEXT NOT NULL, config_hash TEXT NOT NULL, fingerprint TEXT NOT NULL,
    loader TEXT NOT NULL, chunker TEXT NOT NULL, chunks INTEGER NOT NULL, children TEXT NOT NULL,
    kind TEXT NOT NULL, code TEXT NOT NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL, next_try REAL NOT NULL,
    notices TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_content ON files (content_hash);
CREATE INDEX IF NOT EXISTS files_known ON files (alias, source, size, mtime_ns, ctime_ns, inode, settled, state);
CREATE INDEX IF NOT EXISTS files_noticed ON files (alias, notices) WHERE notices <> '';
CREATE TABLE IF NOT EXISTS ways (
    loader TEXT NOT NULL, chunker TEXT NOT NULL, config_hash TEXT NOT NULL, fingerprint TEXT NOT NULL,
    PRIMARY KEY (loader, chunker, config_hash, fingerprint)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (source TEXT PRIMARY KEY, since REAL NOT NULL, confirmed INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, verb TEXT NOT NULL, arguments TEXT NOT NULL, made REAL NOT NULL,
    state TEXT NOT NULL, answer TEXT NOT NULL
);
"""
_LATER_COLUMNS: Final = {"asker": "TEXT NOT NULL DEFAULT ''", "until": "REAL NOT NULL DEFAULT 0"}
"""Columns that `requests` gained since: a journal without them gets them, and one with them is read without."""


class JournalDatabase:
    """The connection to the journal at `path`, which the parts of a journal build on.

    Raises StoreError when the disk refuses. A file that is no journal, of another version, or damaged, is replaced
    by an empty one, or without `replace` raises sqlite3.DatabaseError. A copy has the folder of the original as its
    `home`.
    """

    def __init__(self, path: Path, *, home: Path | None = None, replace: bool = True) -> None:
        self.path = path
        self.home = path.parent if home is None else home
        self._depth = 0
        self._file: tuple[int, int] | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._refusal(error) from error
        try:
            self._db = self._connect()
        except sqlite3.OperationalError as error:
            raise self._refusal(error) from error
        except sqlite3.DatabaseError as error:
            if not replace:
                raise
            _log.warning("the journal %s is damaged and starts afresh: %s", path, error)
            self.remove(path)
            self._db = self._connect()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; may be nested."""
        if self._depth:
            yield
            return
        self._run("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._depth = 0
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        self._depth = 0
        self._run("COMMIT")

    @staticmethod
    def remove(path: Path) -> None:
        """Delete a closed journal."""
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def restart(self) -> None:
        """Forget everything, as a deleted journal would."""
        self.close()
        self._depth = 0
        self.remove(self.path)
        self._db = self._connect()

    @property
    def replaced(self) -> bool:
        """Whether the file was removed, or another put in its place: what is written here is lost then."""
        return self._file != _identity(self.path)

    def reopen(self) -> None:
        """Connect to what lies at the path now, which is made where nothing does. Raises StoreError."""
        old, self._depth = self._db, 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._connect()
        except (OSError, sqlite3.Error) as error:
            raise self._refusal(error) from error
        with suppress(sqlite3.Error):
            old.close()

    def close(self) -> None:
        """Close the connection."""
        with suppress(sqlite3.Error):
            self._db.close()

    # -- for the parts

    def _run(self, query: str, *values: object) -> None:
        with self._errors():
            self._db.execute(query, values)

    def _run_many(self, query: str, rows: Iterable[tuple[Any, ...]]) -> int:
        """Run a query for each row of values; the number of rows of the table that it touched."""
        with self._errors():
            return max(0, self._db.executemany(query, rows).rowcount)

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        with self._errors():
            row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
            return row

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._errors():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._refusal(error) from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version not in {0, _VERSION}:
                raise sqlite3.DatabaseError(f"version {version}, this program writes {_VERSION}")
            if version == 0:
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise sqlite3.DatabaseError("it is another program's database")
                db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")
            _add_later_columns(db)
            self._file = _identity(self.path)
        except BaseException:
            db.close()
            raise
        return db

    def _refusal(self, error: Exception) -> StoreError:
        return StoreError(
            f"the journal {self.path} cannot be used: {error}",
            remedy="free some space or mend the permissions of that folder, or choose another with `--state`",
        )


def _add_later_columns(db: sqlite3.Connection) -> None:
    present = {row[1] for row in db.execute("PRAGMA table_info(requests)")}
    for name in _LATER_COLUMNS.keys() - present:
        try:
            db.execute(f"ALTER TABLE requests ADD COLUMN {name} {_LATER_COLUMNS[name]}")
        except sqlite3.OperationalError:
            # Another process may have been first.
            if name not in {row[1] for row in db.execute("PRAGMA table_info(requests)")}:
                raise


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at `path`; `None` where none does."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
