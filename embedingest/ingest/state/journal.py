"""What was true of each file when it was last ingested: SQLite, a cache of what the table says.

Holds stat facts, failures with their next try, pending deletions, roots and requests to the running writer.
Knows neither folders nor table: deleted or damaged it starts afresh, and is filled from the table again.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from embedingest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["NO_STAT", "FileState", "Journal", "Known", "Request", "Stat", "stat_facts"]

_VERSION: Final = 3
_FAR: Final = 2**63 - 1
_log = logging.getLogger(__name__)

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


Stat: TypeAlias = tuple[int, int, int, int]
"""Size, mtime and ctime in nanoseconds, inode: what tells revisions of a file apart without reading it."""

NO_STAT: Final[Stat] = (-1, 0, 0, 0)


def stat_facts(facts: Sequence[int]) -> Stat:
    """The first four facts of a file, within SQLite's integers (file systems may claim any time)."""
    size, mtime_ns, ctime_ns, inode = facts[:4]
    return (size, _signed(mtime_ns), _signed(ctime_ns), inode & _FAR)


Known: TypeAlias = tuple[str, int, int, int, int, int, str]
"""The few facts of a file that an unchanged run compares: source, its `Stat`, whether it had settled, its state."""

_NO_NOTICES: Final[Mapping[str, int]] = MappingProxyType({})
_KNOWN: Final = "source, size, mtime_ns, ctime_ns, inode, settled, state"


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
    notices: Mapping[str, int] = _NO_NOTICES

    @property
    def stat(self) -> Stat:
        return self[2:6]

    @property
    def documents(self) -> tuple[str, ...]:
        """The sources whose rows belong to this file."""
        return (self.source, *self.children)


class Way(NamedTuple):
    """One way in which some files were ingested."""

    loader: str
    chunker: str
    config_hash: str
    fingerprint: str


class Request(NamedTuple):
    """Something another process asks of the writer: `verb` with JSON arguments."""

    id: int
    verb: str
    arguments: dict[str, Any]
    state: str
    answer: dict[str, Any]


_COLUMNS: Final = ", ".join(FileState._fields)
_MARKS: Final = ", ".join("?" * len(FileState._fields))


class Journal:
    """The journal at `path`. One writer; any number of processes may read it and ask. One thread at a time.

    Raises StoreError when the disk refuses. A file that is no journal, or is damaged, is set aside by starting
    afresh: `fresh` is then true until `mark_synced`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._depth = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._refusal(error) from error
        try:
            self._db = self._connect()
        except sqlite3.OperationalError as error:
            raise self._refusal(error) from error
        except sqlite3.DatabaseError as error:
            _log.warning("the journal %s is damaged and starts afresh: %s", path, error)
            self._db = self._start_afresh()

    # -- what holds for the whole journal

    @property
    def fresh(self) -> bool:
        """Nothing here is known to agree with the table yet."""
        return self.meta("synced") is None

    def mark_synced(self, token: str | None) -> None:
        """From here on the journal says what the table says; `token` names the table's version."""
        with self.transaction():
            self.set_meta("synced", "1")
            self.set_meta("token", token or "")

    def meta(self, key: str) -> str | None:
        row = self._one("SELECT value FROM meta WHERE key=?", key)
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

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

    def doubt(self) -> None:
        """Believe nothing before it has been compared with table and files again."""
        with self.transaction():
            self.unverify_all()
            self._run("DELETE FROM meta WHERE key='synced'")

    def copy_to(self, path: Path) -> Journal:
        """A journal of one's own that says the same now; what is written there changes nothing here."""
        copy = Journal(path)
        with self._errors():
            self._db.backup(copy._db)
        return copy

    def adopt(self, other: Journal) -> None:
        """Say of files and failures what `other` says."""
        with self.transaction():
            self._run("DELETE FROM files")
            self._run("DELETE FROM pending")
            self.record(other.files())

    @staticmethod
    def remove(path: Path) -> None:
        """Delete a closed journal."""
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def restart(self) -> None:
        """Forget everything, as a deleted journal would."""
        self._db = self._start_afresh()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._db.close()

    # -- roots

    def roots(self) -> dict[str, str]:
        """Alias to absolute path."""
        return {alias: os.fsdecode(path) for alias, path in self._all("SELECT alias, path FROM roots ORDER BY alias")}

    def set_root(self, alias: str, path: Path) -> None:
        self._run("INSERT OR REPLACE INTO roots VALUES (?, ?)", alias, os.fsencode(path))

    def forget_root(self, alias: str) -> None:
        with self.transaction():
            for table in ("roots", "files"):
                self._run(f"DELETE FROM {table} WHERE alias=?", alias)
            self._run(
                "DELETE FROM pending WHERE source=? OR substr(source, 1, ?)=?", alias, len(alias) + 1, alias + "/"
            )

    # -- files

    def known(self, alias: str) -> dict[str, Known]:
        """What an unchanged run needs of every file under a root."""
        return {row[0]: row for row in self._all(f"SELECT {_KNOWN} FROM files WHERE alias=?", alias)}

    def known_file(self, source: str) -> Known | None:
        row: Known | None = self._one(f"SELECT {_KNOWN} FROM files WHERE source=?", source)
        return row

    def file(self, source: str) -> FileState | None:
        row = self._one(f"SELECT {_COLUMNS} FROM files WHERE source=?", source)
        return None if row is None else _state(row)

    def files(self, *, alias: str | None = None, state: str | None = None) -> Iterator[FileState]:
        """States in order of source."""
        query = f"SELECT {_COLUMNS} FROM files WHERE (?1 IS NULL OR alias=?1) AND (?2 IS NULL OR state=?2)"
        for row in self._all(query + " ORDER BY source", alias, state):
            yield _state(row)

    def due(self, now: float) -> list[str]:
        """Failed files whose next try has come."""
        query = "SELECT source FROM files WHERE state='failed' AND next_try > 0 AND next_try <= ?"
        return [row[0] for row in self._all(query, now)]

    def next_due(self) -> float | None:
        """When the next failed file is to be tried again."""
        row = self._one("SELECT min(next_try) FROM files WHERE state='failed' AND next_try > 0")
        return None if row is None or row[0] is None else float(row[0])

    def counts(self, alias: str | None = None) -> dict[str, int]:
        """Number of files by state."""
        query = "SELECT state, count(*) FROM files WHERE (?1 IS NULL OR alias=?1) GROUP BY state"
        return {state: int(count) for state, count in self._all(query, alias)}

    def noticed(self, alias: str) -> list[tuple[dict[str, int], int]]:
        """Each set of notices that files under a root have, by kind, and how many files have it."""
        query = "SELECT notices, count(*) FROM files WHERE alias=? AND notices <> '' GROUP BY notices"
        return [(json.loads(notices), int(files)) for notices, files in self._all(query, alias)]

    def noticed_files(self, alias: str, notices: Mapping[str, int], limit: int) -> list[tuple[str, str]]:
        """The first sources under a root that have exactly these notices, with the reason where one was noted."""
        why = "CASE state WHEN 'failed' THEN '' ELSE error END"
        query = f"SELECT source, {why} FROM files WHERE alias=? AND notices=? AND notices <> '' ORDER BY source LIMIT ?"
        return [(row[0], row[1]) for row in self._all(query, alias, json.dumps(notices, sort_keys=True), limit)]

    def below(self, source: str) -> list[str]:
        """Sources that are this one or lie below it as a folder."""
        query = "SELECT source FROM files WHERE source=? OR (source >= ? AND source < ?) ORDER BY source"
        return [row[0] for row in self._all(query, source, source + "/", source + "0")]

    def ways(self) -> list[Way]:
        """The ways in which files that have rows, or were found empty, were ingested."""
        return [Way._make(row) for row in self._all("SELECT * FROM ways")]

    def unverify(self, way: Way) -> None:
        """What was ingested in this way is to be compared with its file again."""
        where = "loader=? AND chunker=? AND config_hash=? AND fingerprint=?"
        with self.transaction():
            self._run(f"UPDATE files SET state='unverified' WHERE {where} AND state IN ('done', 'empty')", *way)
            self._run(f"DELETE FROM ways WHERE {where}", *way)

    def postpone(self, sources: Iterable[str], until: float) -> None:
        """Do not try these failed files before `until`."""
        with self._errors():
            self._db.executemany(
                "UPDATE files SET next_try=? WHERE source=? AND state='failed'", [(until, key) for key in sources]
            )

    def unverify_all(self) -> None:
        """Every file is to be read again."""
        self._run("UPDATE files SET state='unverified', settled=0")

    def has_content(self, content_hash: str) -> list[str]:
        """Sources whose bytes had this hash."""
        query = "SELECT source FROM files WHERE content_hash=? AND state IN ('done', 'unverified')"
        return [row[0] for row in self._all(query, content_hash)]

    def record(self, states: Iterable[FileState]) -> None:
        rows = [_row(state) for state in states]
        ways = {(row[11], row[12], row[9], row[10]) for row in rows if row[7] in {"done", "empty"}}
        with self._errors():
            self._db.executemany(f"INSERT OR REPLACE INTO files ({_COLUMNS}) VALUES ({_MARKS})", rows)
            self._db.executemany("INSERT OR IGNORE INTO ways VALUES (?, ?, ?, ?)", ways)

    def drop(self, sources: Iterable[str]) -> None:
        keys = [(source,) for source in sources]
        with self._errors():
            self._db.executemany("DELETE FROM files WHERE source=?", keys)
            self._db.executemany("DELETE FROM pending WHERE source=?", keys)

    def retry(self, sources: Iterable[str] | None = None) -> int:
        """Let failed files be tried again at once; all of them without names. The number that will be."""
        if sources is None:
            with self._errors():
                return self._db.execute("UPDATE files SET next_try=1, attempts=0 WHERE state='failed'").rowcount
        query = "UPDATE files SET next_try=1, attempts=0 WHERE state='failed' AND source=?"
        with self._errors():
            return sum(self._db.execute(query, (source,)).rowcount for source in sources)

    # -- deletions that wait for a person

    def pending(self) -> dict[str, bool]:
        """Sources whose deletion waits, and whether it was confirmed."""
        return {source: bool(done) for source, done in self._all("SELECT source, confirmed FROM pending")}

    def set_pending(self, sources: Iterable[str], since: float) -> None:
        with self._errors():
            self._db.executemany(
                "INSERT OR IGNORE INTO pending VALUES (?, ?, 0)", [(source, since) for source in sources]
            )

    def drop_pending(self, sources: Iterable[str]) -> None:
        with self._errors():
            self._db.executemany("DELETE FROM pending WHERE source=?", [(source,) for source in sources])

    def confirm(self, sources: Iterable[str] | None = None) -> int:
        """Let waiting deletions happen; all of them without names."""
        with self._errors():
            if sources is None:
                return self._db.execute("UPDATE pending SET confirmed=1").rowcount
            query = "UPDATE pending SET confirmed=1 WHERE source=?"
            return sum(self._db.execute(query, (source,)).rowcount for source in sources)

    # -- requests to the running writer

    def ask(self, verb: str, arguments: dict[str, Any], made: float) -> int:
        """Leave a request for the writer; `answer` tells when it is done."""
        with self._errors():
            done = self._db.execute(
                "INSERT INTO requests (verb, arguments, made, state, answer) VALUES (?, ?, ?, 'waiting', '{}')",
                (verb, json.dumps(arguments), made),
            )
        return int(done.lastrowid or 0)

    def waiting(self) -> list[Request]:
        query = "SELECT id, verb, arguments, state, answer FROM requests WHERE state='waiting' ORDER BY id"
        return [_request(row) for row in self._all(query)]

    def request(self, key: int) -> Request | None:
        row = self._one("SELECT id, verb, arguments, state, answer FROM requests WHERE id=?", key)
        return None if row is None else _request(row)

    def answer(self, key: int, state: str, answer: dict[str, Any]) -> None:
        self._run("UPDATE requests SET state=?, answer=? WHERE id=?", state, json.dumps(answer), key)

    def outside_changes(self) -> int:
        """A number that moves when another process has written here. Costs microseconds."""
        row = self._one("PRAGMA data_version")
        return 0 if row is None else int(row[0])

    # -- below

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
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
        except BaseException:
            db.close()
            raise
        return db

    def _start_afresh(self) -> sqlite3.Connection:
        with suppress(AttributeError, sqlite3.Error):
            self._db.close()
        self._depth = 0
        self.remove(self.path)
        return self._connect()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> StoreError:
        return StoreError(
            f"the journal {self.path} cannot be used: {error}",
            remedy="free some space or mend the permissions of that folder, or choose another with `--state`",
        )

    def _run(self, query: str, *values: object) -> None:
        with self._errors():
            self._db.execute(query, values)

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        with self._errors():
            row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
            return row

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._errors():
            return self._db.execute(query, values).fetchall()


def _row(state: FileState) -> tuple[Any, ...]:
    children = json.dumps(state.children) if state.children else ""
    # Sorted, so that files with the same notices fall into one group.
    notices = json.dumps(dict(state.notices), sort_keys=True) if state.notices else ""
    return (*state[:14], children, *state[15:20], notices)


def _state(row: tuple[Any, ...]) -> FileState:
    children = tuple(json.loads(row[14])) if row[14] else ()
    notices = json.loads(row[20]) if row[20] else _NO_NOTICES
    return FileState._make((*row[:14], children, *row[15:20], notices))


def _request(row: tuple[Any, ...]) -> Request:
    return Request(int(row[0]), str(row[1]), json.loads(row[2]), str(row[3]), json.loads(row[4]))


def _signed(value: int) -> int:
    return max(-_FAR, min(_FAR, value))
