"""What is known of a table without an engine: its facts, its snapshots, whether it agrees with the folders."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from embedingest.build.followed import FollowedFolders, followed_folders
from embedingest.build.journals import journal_path, output_folders
from embedingest.errors import DamagedTableError, StoreError, TableMissingError
from embedingest.ingest.meant import meant
from embedingest.ingest.notices import Tally
from embedingest.ingest.scan.roots import is_place
from embedingest.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from embedingest.ingest.audit.copied_journal import JournalView
    from embedingest.ingest.audit.status import FollowedRoot, Unreadable
    from embedingest.store.health import Damage
    from embedingest.store.lock import Holder
    from embedingest.store.values import Snapshot

__all__ = [
    "FoldersBehind",
    "failed_documents",
    "fault_of_journal",
    "knows_none",
    "list_snapshots",
    "refuse_paused",
    "root_named",
    "status_document",
    "table_facts",
    "waiting_deletions",
    "writer_of",
]

_LEAST_FREE_BYTES: Final = 16 * 2**20
_LOOKS: Final = 5
_LOOK_SECONDS: Final = 0.05


def list_snapshots(db: str, table: str) -> list[Snapshot]:
    """The named versions of the table, oldest first. Raises TableMissingError."""
    from embedingest.store.snapshots import snapshots
    from embedingest.store.table import open_table

    with open_table(db, table) as opened:
        return snapshots(opened)


def table_facts(db: str, table: str) -> dict[str, Any]:
    """Rows, size, indices and model of the table, as `status --json` shows them. Raises TableMissingError."""
    from embedingest.store.table import open_table

    with open_table(db, table) as opened:
        return opened.facts()


def status_document(state: Path, db: str, table: str) -> dict[str, Any]:
    """The document of `status --json`: what is in sync, waiting or failed. Takes no lock, writes nothing.

    Raises TableMissingError where nothing was ever ingested into the table.
    """
    from embedingest.ingest.audit.copied_journal import viewed

    with viewed(journal_path(state, db, table)) as view:
        return _status(view, state, db, table)


def _status(view: JournalView, state: Path, db: str, table: str) -> dict[str, Any]:
    from embedingest.ingest.audit.status import lag, status_of
    from embedingest.ingest.state.reading import decided_in
    from embedingest.store.health import Damage

    excluded: Counter[str] = Counter()
    unnamed: list[FollowedRoot] = []
    unreadable: list[Unreadable] = []
    values = decided_in(view.journal, journal_path(state, db, table))
    followed = followed_folders(view, values, state, db) or _recalled_folders(view, state, db, table)
    with closing(followed):
        behind = lag(followed, skipped := Tally(), excluded, unnamed, unreadable)
    holder = writer_of(state, db, table)
    facts, damaged = _facts_and_damage(view, db, table)
    journal = status_of(view, now=time.time(), skipped=skipped)
    outdated = any(failure["stored_chunks"] for failure in journal["failures"])
    differs = not damaged and _differs(view, (state, db, table), facts["rows"], written=holder is not None)
    if not damaged and "bytes" not in facts and any(journal["files"].get(name) for name in ("done", "unverified")):
        damaged = [Damage(f"{table}.lance", "is missing: nothing is left of the table", "rows")]
    return {
        "table": {"db": db, "name": table, **facts},
        "damage": [item.to_json() | {"remedy": item.remedy} for item in damaged],
        "writer": None if holder is None else asdict(holder),
        "in_sync": not (behind["to_read"] or behind["gone"] or outdated or unnamed or unreadable or damaged or differs),
        "table_differs": differs,
        "short_of_room": _short_of_room(state, db),
        "behind": behind,
        "excluded": dict(sorted(excluded.items())),
        "unnamed": unnamed,
        "unreadable": unreadable,
        **journal,
    }


def _recalled_folders(view: JournalView, state: Path, db: str, table: str) -> FollowedFolders:
    """The folders of the settings that were remembered. Raises what `recall` does, and PluginError."""
    from embedingest.build.extend import extended
    from embedingest.build.remembered import recall
    from embedingest.build.sources import open_places
    from embedingest.config import DEFAULT

    settings = recall(state, db, table)
    config = extended(settings.pipelines[DEFAULT], settings.plugins, state)
    sidecars, outputs = config.metadata_rules.sidecar, output_folders(state, db)
    return FollowedFolders(view, config.sources, sidecars, outputs, open_places(config))


class FoldersBehind:
    """The folders that a table follows: how they stand, and where a source lies. Looks anew at each call."""

    def __init__(self, state: Path, db: str, table: str) -> None:
        self._table = (state, db, table)

    def place(self, source: str) -> dict[str, str]:
        """`path` and `uri` of the file that a source is (in), empty where its root is not known any more.

        A path that is no text has its `uri` only, and so has an item of a source that is no folder and says where it
        lies.
        """
        return self.places([source])[source]

    def places(self, sources: Collection[str], roots: Mapping[str, str] | None = None) -> dict[str, dict[str, str]]:
        """The `place` of each of these sources, below these `roots` or those of now."""
        from embedingest.ingest.identity import Source

        roots = self.roots() if roots is None else roots
        places: dict[str, dict[str, str]] = {}
        for source in sources:
            parts, places[source] = Source.parse(source), {}
            if is_place(where := roots.get(parts.alias, "")):
                if "://" in where:
                    places[source] = {"uri": f"{where}/{quote(parts.path, errors='surrogatepass')}"}
            else:
                file = Path(where, parts.path)
                places[source] = {"path": str(file)} if str(file).isprintable() else {}
                places[source]["uri"] = file.as_uri()
        return places

    def meant(self, name: str, sources: Collection[str]) -> str:
        """Which of these sources a name means that may be the end of one; itself where it means none.

        Raises ConfigError for one that means several.
        """
        return meant([name], sources).get(name, name)

    def roots(self) -> dict[str, str]:
        """The folders that are followed, by alias; none where that cannot be known."""
        from embedingest.ingest.state.reading import reading

        with suppress(StoreError), reading(journal_path(*self._table)) as journal:  # damaged, or not for this user
            return {} if journal is None else journal.roots()
        return {}

    def status(self) -> dict[str, Any]:
        """The document of `status --json`; empty where nothing was ever ingested into the table."""
        try:
            return status_document(*self._table)
        except TableMissingError:
            return {}


def _noted_facts(view: JournalView, db: str, table: str) -> dict[str, Any] | None:
    """The facts that the last writer noted; `None` where somebody changed the table since, or they cannot be told.

    Opening the table takes a second and a hundred MiB.
    """
    from embedingest.ingest.state.table_facts import noted_facts
    from embedingest.store.token import version_token

    with suppress(StoreError, ValueError):
        if view.journal is not None and (token := version_token(db, table)):
            return noted_facts(view.journal, token)
    return None


def _short_of_room(state: Path, db: str) -> list[dict[str, Any]]:
    """Which of the folders that are written have nearly no room: on a full disk the writer can note nothing of it."""
    from embedingest.store.uri import local_folder

    short = []
    for folder in dict.fromkeys(filter(None, (state, local_folder(db)))):
        with suppress(OSError):  # it is told elsewhere that it cannot be looked at
            if (free := shutil.disk_usage(folder).free) < _LEAST_FREE_BYTES:
                short.append({"folder": str(folder), "free_bytes": free})
    return short


def _differs(view: JournalView, place: tuple[Path, str, str], rows: int, *, written: bool) -> bool:
    """Whether the table, which has so many rows, is a version that the journal never saw, and other rows than it knows.

    A version alone tells nothing: an index that is made beside the commits gives one. A writer (`written`) notes in the
    journal what it has committed, a moment later; what was committed since the view began, the journal may know.
    """
    from embedingest.ingest.audit.copied_journal import viewed

    state, db, table = place
    if _as_noted(view, db, table, rows):
        return False
    for look in range(_LOOKS if written else 1):
        time.sleep(_LOOK_SECONDS if look else 0.0)
        with viewed(journal_path(state, db, table)) as anew:
            if _as_noted(anew, db, table, rows):
                return False
    return True


def _as_noted(view: JournalView, db: str, table: str, rows: int) -> bool:
    from embedingest.store.token import version_token

    journal = view.journal
    with suppress(StoreError, ValueError):
        token = version_token(db, table)
        if journal is not None and not journal.fresh and token is not None and journal.meta("token") != token:
            return journal.known_rows() == rows
    return True


def root_named(state: Path, db: str, table: str, root: str) -> str:
    """A root that was named by its alias, an address or a path: itself, or the whole path."""
    from embedingest.ingest.state.reading import reading

    known = False
    with suppress(StoreError), reading(journal_path(state, db, table)) as journal:
        known = bool(root) and journal is not None and root in journal.unnamed_roots(())
    return root if known or "://" in root else str(absolute(root))


def _facts_and_damage(view: JournalView, db: str, table: str) -> tuple[dict[str, Any], list[Damage]]:
    """What is known of the table, and what is wrong with its files as far as a quick look tells."""
    from embedingest.store.health import Damage, damage

    damaged = damage(db, table)
    try:
        return (None if damaged else _noted_facts(view, db, table)) or table_facts(db, table), damaged
    except TableMissingError:
        return {"rows": 0}, damaged
    except DamagedTableError as error:
        return {"rows": 0}, damaged or [Damage(f"{table}.lance", f"cannot be read: {error.message}", "rows")]


def writer_of(state: Path, db: str, table: str) -> Holder | None:
    """Who writes the table now; `None` where nobody does."""
    from embedingest.store.writer import writer_lock

    return writer_lock(db, table, state=state).current()


def waiting_deletions(state: Path, db: str, table: str) -> list[str]:
    """The documents whose deletion waits for a person now; none where nothing was ever ingested."""
    from embedingest.ingest.audit.status import journal_status

    return journal_status(journal_path(state, db, table), now=time.time())["pending_deletes"]


def refuse_paused(state: Path, db: str, table: str) -> None:
    """Raises ConfigError where nothing is followed, since somebody paused it or restored a snapshot."""
    from embedingest.ingest.requests import refuse_while_paused
    from embedingest.ingest.state.reading import reading

    with reading(journal_path(state, db, table)) as journal:
        if journal is not None:
            refuse_while_paused(journal)


def failed_documents(state: Path, db: str, table: str) -> list[str]:
    """The documents that failed, as of the last run; none where nothing was ever ingested."""
    from embedingest.ingest.audit.status import journal_status

    return [file["source"] for file in journal_status(journal_path(state, db, table), now=time.time())["failures"]]


def knows_none(state: Path, db: str, table: str, sources: Sequence[str]) -> bool:
    """Whether none of these names is a document that was ever seen, or part of one.

    False where that cannot be told (no journal, a damaged one), and where a snapshot stays, which refuses all of them.
    """
    from embedingest.ingest.identity import Source
    from embedingest.ingest.state.reading import reading

    files = [Source.parse(source)._replace(members=()).spelled for source in sources]
    with suppress(StoreError), reading(journal_path(state, db, table)) as journal:
        if journal is None or journal.meta("paused") or not journal.counts():
            return False
        waiting = journal.pending()
        return not journal.files_of([*files, *sources]) and not any(source in waiting for source in sources)
    return False


def fault_of_journal(state: Path, db: str, table: str) -> str | None:
    """Why the journal of a table cannot be used, every page of it read; `None` where it can, or where there is none."""
    from embedingest.ingest.audit.copied_journal import journal_fault

    return journal_fault(journal_path(state, db, table), thorough=True)
