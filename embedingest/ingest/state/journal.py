"""What was true of each file when it was last ingested: SQLite, a cache of what the table says.

Holds stat facts, failures with their next try, pending deletions, roots and requests to the running writer.
Knows neither folders nor table: deleted or damaged it starts afresh, and is filled from the table again.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from embedingest.errors import StoreError
from embedingest.ingest.identity import below, source_name
from embedingest.ingest.state.file_state import NO_STAT, FileState, Known, Stat, stat_facts
from embedingest.ingest.state.files import FileStates
from embedingest.ingest.state.kept import KEPT, keep, storable
from embedingest.ingest.state.pending_deletions import PendingDeletions
from embedingest.ingest.state.requests import Request, Requests
from embedingest.paths import home_of, moved

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["NO_STAT", "FileState", "Journal", "Known", "Request", "Stat", "stat_facts"]


class Journal(FileStates, PendingDeletions, Requests):
    """The journal at `path`. One writer; any number of processes may read it and ask. One thread at a time.

    What is no journal, or is damaged, is put aside by who may write (`mend`), and an empty one made: `fresh` is then
    true until `mark_synced`. See `JournalDatabase` for what is raised.
    """

    # -- what holds for the whole journal

    def begin_writing(self) -> None:
        """A writer begins: what its forerunner was asked, and what was confirmed to it, is not for this one."""
        self.withdraw_all()
        self.unconfirm()
        self._settle()
        self._keep({key: value for key in KEPT if (value := self.meta(key)) is not None})

    @property
    def fresh(self) -> bool:
        """Nothing here is known to agree with the table yet."""
        return self.meta("synced") is None

    def mark_synced(self, token: str | None) -> None:
        """From here on the journal says what the table says; `token` names the table's version."""
        with self.transaction():
            self.set_meta("synced", "1")
            self.set_meta("token", token or "")

    def mark_unsynced(self) -> None:
        """From here on nothing is believed before it has been compared with table and files again."""
        with self.transaction():
            self.unverify_all()
            self._run("DELETE FROM meta WHERE key='synced'")

    def reopen(self, *, keep: Iterable[str] = ()) -> None:
        """As a journal that is opened anew; what `keep` names of `meta` is taken along where it is not known there."""
        kept: dict[str, str] = {}
        with suppress(StoreError):  # what cannot be read any more is kept beside the journal
            kept |= {key: value for key in keep if (value := self.meta(key)) is not None}
        super().reopen()
        for key, value in kept.items():
            if self.meta(key) is None:
                self.set_meta(key, value)

    def meta(self, key: str) -> str | None:
        """A value that was set for the whole journal."""
        row = self._one("SELECT value FROM meta WHERE key=?", key)
        return None if row is None else os.fsdecode(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Remember a value for the whole journal; what a person decided outlives the journal."""
        self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, storable(value))
        if key in KEPT:
            self._keep({key: value})

    def set_all(self, values: Mapping[str, str]) -> None:
        """Remember several values, all or none."""
        with self.transaction():
            for key, value in values.items():
                self.set_meta(key, value)

    def _keep(self, values: Mapping[str, str]) -> None:
        keep(self.path, values)

    def copy_to(self, path: Path) -> Journal:
        """A journal of one's own that says the same now; what is written there changes nothing here."""
        copy = Journal(path, home=self.home)
        try:
            with self._errors():
                self._db.backup(copy._db)
        except BaseException:
            copy.close()
            raise
        return copy

    def adopt(self, other: Journal) -> None:
        """Say of files and failures what `other` says."""
        with self.transaction():
            self._run("DELETE FROM files")
            self._run("DELETE FROM pending")
            self.record(other.files())

    def drop(self, sources: Iterable[str]) -> None:
        """Forget files, and deletions of them that wait."""
        sources = list(sources)
        self._run_many("DELETE FROM files WHERE source=?", [(source,) for source in sources])
        self.drop_pending(sources)

    # -- roots

    def roots(self) -> dict[str, str]:
        """Alias to absolute path, or to the place of a source that is no folder."""
        rows = self._all("SELECT alias, path FROM roots ORDER BY alias")
        return {alias: self._here(os.fsdecode(path)) for alias, path in rows}

    def unnamed_roots(self, named: Collection[str]) -> dict[str, str]:
        """Alias to absolute path of roots that files are known of and that are not `named`; empty where it is lost."""
        known = {str(row[0]): "" for row in self._all("SELECT DISTINCT alias FROM files")} | self.roots()
        return {alias: path for alias, path in sorted(known.items()) if alias not in named}

    def set_root(self, alias: str, path: str | os.PathLike[str]) -> None:
        """Remember where the root of an alias lies."""
        self._run("INSERT OR REPLACE INTO roots VALUES (?, ?)", alias, os.fsencode(path))

    def forgotten(self) -> frozenset[str]:
        """The paths of roots that were forgotten since folders were last named."""
        return frozenset(map(self._here, json.loads(self.meta("forgotten") or "[]")))

    def _here(self, path: str) -> str:
        """Where a folder is now that was kept before the journal was moved with it; a place stays where it is."""
        if not Path(path).is_absolute():
            return path
        return str(moved(Path(path), self.meta("home"), self.home))

    def _settle(self) -> None:
        """Say what was kept of another place as it is here."""
        if self.meta("home") != home_of(self.home):
            with self.transaction():
                roots, forgotten = self.roots(), self.forgotten()
                for alias, path in roots.items():
                    self.set_root(alias, path)
                self.set_meta("forgotten", json.dumps(sorted(forgotten)))
                self.set_meta("home", home_of(self.home))

    def forget_root(self, alias: str, path: str) -> None:
        """Forget a root, its files and their waiting deletions."""
        with self.transaction():
            self.set_meta("forgotten", json.dumps(sorted({*self.forgotten(), path} - {""})))
            for table in ("roots", "files"):
                self._run(f"DELETE FROM {table} WHERE alias=?", alias)
            file = source_name(alias, "")
            first = below(file)
            self._run("DELETE FROM pending WHERE source=? OR substr(source, 1, ?)=?", file, len(first), first)
