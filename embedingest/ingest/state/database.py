"""The SQLite file of a journal: its tables, its one connection, its transactions. Knows no meaning of a row."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import StoreError
from embedingest.ingest.state.damage import (
    DamagedJournalError,
    clear_suspicion,
    connected,
    foreign_kind,
    identity_of,
    means_damage,
    salvaged,
    set_aside,
    suspected,
    trouble_in,
)
from embedingest.ingest.state.kept import KEPT, kept, kept_path, storable
from embedingest.ingest.state.write_ahead import keep_log

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

_LATER_INDEX: Final = "CREATE INDEX IF NOT EXISTS files_failed ON files (next_try) WHERE state='failed'"
"""An index that `files` gained since, made in new journals and old ones.

A watch at rest asks some times a second which failed file is due."""


class JournalDatabase:
    """The connection to the journal at `path`, which the parts of a journal build on.

    Whoever may write opens it with `mend`: a file that is no journal, of another version, or damaged, is put aside, and
    an empty one made. Without, nothing is made or put aside: for readers, and for who asks the writer something.
    A copy has the folder of the original as its `home`. Raises DamagedJournalError where a journal cannot be what was
    written, StoreError when the disk refuses.
    """

    def __init__(self, path: Path, *, home: Path | None = None, mend: bool = True) -> None:
        self.path = path
        self.home = path.parent if home is None else home
        self.damaged = False
        """Whether a statement met bytes that cannot be what was written."""
        self.errors: Counter[str] = Counter()  # statements that failed, by SQLite's name of the failure
        self._mend = mend
        self._depth = 0
        self._file: tuple[int, int] | None = None
        self._db = self._opened()
        self.times_opened = 1

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

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        """A block in which the journal is read as it is at its first statement, whatever others write meanwhile."""
        self._run("BEGIN")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")

    @staticmethod
    def remove(path: Path) -> None:
        """Delete a closed journal."""
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        kept_path(path).unlink(missing_ok=True)

    @property
    def replaced(self) -> bool:
        """Whether the file was removed, or another put in its place: what is written here is lost then."""
        return self._file != identity_of(self.path)

    @property
    def doubtful(self) -> bool:
        """Whether the file was replaced, is damaged, or somebody says so. Costs microseconds."""
        return self.damaged or self.replaced or suspected(self.path)

    def look_into(self) -> None:
        """Read every page where somebody suspects damage: `damaged` says what came of it. Raises StoreError."""
        if suspected(self.path):
            self.damaged = self.damaged or self.fault() is not None
            clear_suspicion(self.path)

    def fault(self) -> str | None:
        """What reading every page finds wrong; `None` where nothing is. Raises StoreError."""
        with self._errors():
            found = trouble_in(self._db)
        return None if found is None else f"the journal {self.path} is damaged: {found}"

    def reopen(self) -> None:
        """Connect to what lies at the path now; what is damaged is put aside, and a new one made. Raises StoreError."""
        old, damaged = self._db, self.damaged and not self.replaced
        with suppress(sqlite3.Error):
            old.close()
        self._depth = 0
        if damaged:
            self._put_aside("it could not be read")
        self._db = self._opened()
        self.times_opened += 1
        self.damaged = False

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
        """The one place through which every statement goes."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            self.errors[getattr(error, "sqlite_errorname", None) or type(error).__name__] += 1
            if means_damage(error):
                self.damaged = True
                raise DamagedJournalError(self.path, error) from error
            if isinstance(error, sqlite3.OperationalError):
                raise self._refusal(error) from error
            raise

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        """Where values are made of rows: a damaged page may still be one, of rows that nobody wrote."""
        try:
            yield
        except (ValueError, TypeError, LookupError) as error:
            self.damaged = True
            raise DamagedJournalError(self.path, f"a row cannot be read: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        """A connection to a sound journal. Raises DamagedJournalError, StoreError."""
        try:
            if self._mend:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                _keep_out_of_git(self.path)
            return self._connect()
        except OSError as error:
            raise self._refusal(error) from error
        except sqlite3.DatabaseError as error:
            if not means_damage(error):
                raise self._refusal(error) from error
            if not self._mend:
                raise DamagedJournalError(self.path, error) from error
            aside = self._put_aside(error)
        try:
            db = self._connect()
            self._take_along(db, aside)
        except (OSError, sqlite3.Error) as error:
            raise self._refusal(error) from error
        return db

    def _put_aside(self, reason: object) -> Path:
        try:
            aside = set_aside(self.path)
        except OSError as error:
            raise self._refusal(error) from error
        _log.warning(
            "the journal %s is damaged (%s): it was put aside as %s and is made again from the table",
            self.path, reason, aside.name,
        )  # fmt: skip
        clear_suspicion(self.path)
        return aside

    def _take_along(self, db: sqlite3.Connection, aside: Path) -> None:
        """What can still be read of what people decided, and of the deletions that wait for them."""
        for key, value in salvaged(aside, "SELECT key, value FROM meta"):
            if key in KEPT and isinstance(value, str | bytes):
                db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))
        for source, since in salvaged(aside, "SELECT source, since FROM pending"):
            if isinstance(source, str) and isinstance(since, float):
                db.execute("INSERT OR IGNORE INTO pending VALUES (?, ?, 0)", (source, since))

    def _connect(self) -> sqlite3.Connection:
        if (foreign := foreign_kind(self.path)) is not None:
            raise sqlite3.DatabaseError(foreign)
        db = self._handle()
        try:
            version, parts = _facts(db)
            if version not in {0, _VERSION}:
                raise sqlite3.DatabaseError(f"version {version}, this program writes {_VERSION}")
            if version == 0:
                if parts:
                    raise sqlite3.DatabaseError("it is another program's database")
                if not self._mend:
                    raise sqlite3.DatabaseError("it is empty")
                db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")
                kept_values = [(key, storable(value)) for key, value in kept(self.path).items()]
                db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", kept_values)
            _add_later_columns(db)
            if self._mend:
                db.execute(_LATER_INDEX)
            self._file = identity_of(self.path)
        except BaseException:
            db.close()
            raise
        return db

    def _handle(self) -> sqlite3.Connection:
        """A connection to a file that is there; whoever may write makes it."""
        if self._mend:
            db = sqlite3.connect(self.path, timeout=_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
        else:
            db = connected(self.path, "mode=rw")
        try:
            if self._mend:
                keep_log(db, _TIMEOUT_SECONDS)
            db.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            db.close()
            raise
        return db

    def _refusal(self, error: Exception) -> StoreError:
        reason = str(error)
        if isinstance(error, sqlite3.Error) and self.path.exists() and not os.access(self.path, os.R_OK | os.W_OK):
            reason = f"Permission denied ({reason})"
        return StoreError(
            f"the journal {self.path} cannot be used: {reason}",
            remedy="free some space or mend the permissions of that folder, or choose another with `--state`",
        )


def _facts(db: sqlite3.Connection) -> tuple[int, int]:
    """The version of a journal and its number of tables and indexes, as of one moment: another process may make it."""
    db.execute("BEGIN")
    try:
        version, parts = db.execute(
            "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"
        ).fetchone()
    finally:
        with suppress(sqlite3.Error):  # some failures have ended it: they are what is told
            db.execute("ROLLBACK")
    return int(version), int(parts)


def _add_later_columns(db: sqlite3.Connection) -> None:
    present = {row[1] for row in db.execute("PRAGMA table_info(requests)")}
    for name in _LATER_COLUMNS.keys() - present:
        try:
            db.execute(f"ALTER TABLE requests ADD COLUMN {name} {_LATER_COLUMNS[name]}")
        except sqlite3.OperationalError:
            # Another process may have been first.
            if name not in {row[1] for row in db.execute("PRAGMA table_info(requests)")}:
                raise


def _keep_out_of_git(journal: Path) -> None:
    """In the folder of a new journal a rule for git, as virtual environments have it: what is derived is not committed.

    Only where the folder bears our name, which nobody gives to one with files of their own.
    """
    rules = journal.parent / ".gitignore"
    if journal.parent.name == ".embedingest" and not journal.exists() and not rules.exists():
        rules.write_text("# made by embedingest: everything here can be made again\n*\n", encoding="utf-8")
