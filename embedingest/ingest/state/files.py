"""The journal's table of files: what was true of each when it was last ingested. Knows neither folders nor table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.identity import below
from embedingest.ingest.state.database import JournalDatabase
from embedingest.ingest.state.file_state import NO_NOTICES, FileState, Known, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["FileStates"]

_KNOWN: Final = "source, size, mtime_ns, ctime_ns, inode, settled, state"
_COLUMNS: Final = ", ".join(FileState._fields)
_VARIABLES: Final = 500
_MARKS: Final = ", ".join("?" * len(FileState._fields))


class FileStates(JournalDatabase):
    """States of files by source."""

    # -- what is known

    def known_in(self, alias: str, folder: str) -> dict[str, Known]:
        """What an unchanged run needs of every file that lies in a folder, not deeper. `folder` ends in a slash; the
        empty one has the root that is a file itself.
        """
        if not folder:
            known = self.known_file(alias)
            return {} if known is None else {alias: known}
        files: dict[str, Known] = {}
        query = f"SELECT {_KNOWN} FROM files WHERE alias=? AND source>=? AND source<? ORDER BY source"
        first: str | None = folder
        while first is not None:
            first, before = None, first
            with self._errors():
                for row in self._db.execute(query, (alias, before, _after(folder))):
                    deeper = row[0].find("/", len(folder))
                    if deeper >= 0:
                        first = _after(row[0][: deeper + 1])
                        break
                    files[row[0]] = row
        return files

    def known_after(self, alias: str, source: str, most: int) -> dict[str, Known]:
        """As `known_in`, of the first `most` files under a root that stand behind a source, in order."""
        query = f"SELECT {_KNOWN} FROM files WHERE alias=? AND source>? ORDER BY source LIMIT ?"
        return {row[0]: row for row in self._all(query, alias, source, most)}

    def known_count(self, alias: str) -> int:
        """How many files are known under a root."""
        ((files,),) = self._all("SELECT count(*) FROM files WHERE alias=?", alias)
        return int(files)

    def known_sources(self, alias: str) -> Iterator[str]:
        """The sources that are known under a root, in order, read as they are asked for."""
        with self._errors():
            for row in self._db.execute("SELECT source FROM files WHERE alias=? ORDER BY source", (alias,)):
                yield row[0]

    def known_file(self, source: str) -> Known | None:
        row: Known | None = self._one(f"SELECT {_KNOWN} FROM files WHERE source=?", source)
        return row

    def file(self, source: str) -> FileState | None:
        row = self._one(f"SELECT {_COLUMNS} FROM files WHERE source=?", source)
        with self._decoding():
            return None if row is None else _state(row)

    def files_of(self, sources: Sequence[str]) -> dict[str, FileState]:
        """The states of those of these sources that are known."""
        states: dict[str, FileState] = {}
        for first in range(0, len(sources), _VARIABLES):
            part = sources[first : first + _VARIABLES]
            rows = self._all(f"SELECT {_COLUMNS} FROM files WHERE source IN ({', '.join('?' * len(part))})", *part)
            with self._decoding():
                states |= {row[0]: _state(row) for row in rows}
        return states

    def without_rows(self, alias: str) -> list[str]:
        """Sources under a root that were ingested and gave no rows, in order."""
        query = "SELECT source FROM files WHERE alias=? AND state='done' AND chunks=0 ORDER BY source"
        return [row[0] for row in self._all(query, alias)]

    def files(self, *, alias: str | None = None, state: str | None = None) -> Iterator[FileState]:
        """States in order of source."""
        query = f"SELECT {_COLUMNS} FROM files WHERE (?1 IS NULL OR alias=?1) AND (?2 IS NULL OR state=?2)"
        for row in self._all(query + " ORDER BY source", alias, state):
            with self._decoding():
                file = _state(row)
            yield file

    def counts(self, alias: str | None = None) -> dict[str, int]:
        """Number of files by state."""
        query = "SELECT state, count(*) FROM files WHERE (?1 IS NULL OR alias=?1) GROUP BY state"
        return {state: int(count) for state, count in self._all(query, alias)}

    def known_rows(self) -> int:
        """How many rows the table has of all files."""
        ((rows,),) = self._all("SELECT coalesce(sum(chunks), 0) FROM files")
        return int(rows)

    def noticed(self, alias: str) -> list[tuple[dict[str, int], int]]:
        """Each set of notices that files under a root have, by kind, and how many files have it."""
        query = "SELECT notices, count(*) FROM files WHERE alias=? AND notices <> '' GROUP BY notices"
        rows = self._all(query, alias)
        with self._decoding():
            return [(json.loads(notices), int(files)) for notices, files in rows]

    def noticed_files(self, alias: str, notices: Mapping[str, int], limit: int) -> list[tuple[str, str]]:
        """The first sources under a root that have exactly these notices, with the reason where one was noted."""
        reason = "CASE state WHEN 'failed' THEN '' ELSE error END"
        query = (
            f"SELECT source, {reason} FROM files WHERE alias=? AND notices=? AND notices <> '' ORDER BY source LIMIT ?"
        )
        return [(row[0], row[1]) for row in self._all(query, alias, json.dumps(notices, sort_keys=True), limit)]

    def below(self, source: str) -> list[str]:
        """Sources that are this one or lie below it as a folder."""
        query = "SELECT source FROM files WHERE source=? OR (source >= ? AND source < ?) ORDER BY source"
        first = below(source)
        return [row[0] for row in self._all(query, source, first, _after(first))]

    def has_content(self, content_hash: str) -> list[str]:
        """Sources whose bytes had this hash."""
        query = "SELECT source FROM files WHERE content_hash=? AND state IN ('done', 'unverified')"
        return [row[0] for row in self._all(query, content_hash)]

    # -- failed files

    def failed(self, most: int) -> list[FileState]:
        """The first failed files by source, `most` of them at most."""
        rows = self._all(f"SELECT {_COLUMNS} FROM files WHERE state='failed' ORDER BY source LIMIT ?", most)
        with self._decoding():
            return [_state(row) for row in rows]

    def errors_of(self, code: str) -> list[str]:
        """What is said of each file that failed for this reason."""
        return [row[0] for row in self._all("SELECT error FROM files WHERE state='failed' AND code=?", code)]

    def due(self, now: float) -> list[str]:
        """Failed files whose next try has come."""
        query = "SELECT source FROM files WHERE state='failed' AND next_try > 0 AND next_try <= ?"
        return [row[0] for row in self._all(query, now)]

    def postpone(self, sources: Iterable[str], until: float) -> None:
        """Do not try these failed files before `until`."""
        query = "UPDATE files SET next_try=? WHERE source=? AND state='failed'"
        self._run_many(query, [(until, source) for source in sources])

    def retry(self, sources: Iterable[str] | None = None) -> int:
        """Let failed files be tried again at once; all of them without names. The number that will be."""
        query = "UPDATE files SET next_try=1, attempts=0 WHERE state='failed'"
        if sources is None:
            return self._run_many(query, [()])
        return self._run_many(query + " AND source=?", [(source,) for source in sources])

    def retry_of(self, code: str) -> int:
        """Let files that failed for this reason be tried again at once. The number that will be."""
        return self._run_many("UPDATE files SET next_try=1, attempts=0 WHERE state='failed' AND code=?", [(code,)])

    # -- what was ingested

    def record(self, states: Iterable[FileState]) -> None:
        """Remember these states in place of what was known of their files."""
        rows = [_row(state) for state in states]
        provenances = {(row[11], row[12], row[9], row[10]) for row in rows if row[7] in {"done", "empty"}}
        self._run_many(f"INSERT OR REPLACE INTO files ({_COLUMNS}) VALUES ({_MARKS})", rows)
        self._run_many("INSERT OR IGNORE INTO ways VALUES (?, ?, ?, ?)", provenances)

    def mark(self, files: Iterable[tuple[str, int, int]]) -> None:
        """Remember another ctime and inode of these sources: what tells their next change."""
        rows = [(ctime_ns, inode, source) for source, ctime_ns, inode in files]
        self._run_many("UPDATE files SET ctime_ns=?, inode=? WHERE source=?", rows)

    def provenances(self) -> list[Provenance]:
        """What files that have rows, or were found empty, were ingested with."""
        return [Provenance._make(row) for row in self._all("SELECT * FROM ways")]

    def unverify(self, provenance: Provenance) -> None:
        """What was ingested with these is to be compared with its file again."""
        where = "loader=? AND chunker=? AND config_hash=? AND fingerprint=?"
        with self.transaction():
            self._run(f"UPDATE files SET state='unverified' WHERE {where} AND state IN ('done', 'empty')", *provenance)
            self._run(f"DELETE FROM ways WHERE {where}", *provenance)

    def unverify_all(self) -> None:
        """Every file is to be read again."""
        self._run("UPDATE files SET state='unverified', settled=0")


def _after(folder: str) -> str:
    """The first source behind all that lie below a folder, whose source ends in a slash."""
    return folder[:-1] + "0"


def _row(state: FileState) -> tuple[Any, ...]:
    children = json.dumps(state.children) if state.children else ""
    # Sorted, so that files with the same notices fall into one group.
    notices = json.dumps(dict(state.notices), sort_keys=True) if state.notices else ""
    return (*state[:14], children, *state[15:20], notices)


def _state(row: tuple[Any, ...]) -> FileState:
    children = tuple(json.loads(row[14])) if row[14] else ()
    notices = dict(json.loads(row[20])) if row[20] else NO_NOTICES
    return FileState._make((*row[:14], children, *row[15:20], notices))
