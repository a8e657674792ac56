"""The served table, to look at: `server/tables.py`'s seam over a searcher, and what the journal knows of its files."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from embedingest.build.inspect import FoldersBehind
from embedingest.build.journals import journal_path
from embedingest.build.table_map import TableMap
from embedingest.documents import Part, missing, outline_of, read_part, told_of, whole_version
from embedingest.errors import SourceMissingError, StoreError
from embedingest.ingest.meant import meant
from embedingest.query import hit_to_json, result_to_json
from embedingest.store.values import SearchQuery

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from embedingest.ingest.state.file_state import FileState
    from embedingest.query import Searcher
    from embedingest.types import Row

__all__ = ["TableBehind"]

_MOST_LISTED: Final = 200
_FOLDER_LEVELS: Final = 2  # the root, and what lies right below it
_KEPT_FACETS: Final = 8
_LOOK_SECONDS: Final = 10.0
_PARTS: Final = ("sheet", "rows", "cell", "chapter", "symbol")


class TableBehind:
    """A table and its journal. `place` is state folder, database and table; without one nothing is known of files."""

    def __init__(self, searcher: Searcher, place: tuple[Path, str, str] | None = None) -> None:
        self._searcher = searcher
        self._place = place
        self._folders = None if place is None else FoldersBehind(*place)
        self._map = TableMap(lambda: searcher.table)
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._kept_roots: Mapping[str, str] = {}
        self._next_look = 0.0
        self._facets: OrderedDict[tuple[int, str | None], Mapping[str, Any]] = OrderedDict()

    def reranker(self) -> str | None:
        usual = self._searcher.rerank
        return None if usual is None else usual.model

    def search(self, query: str, *, within: str | None = None, **options: Any) -> Mapping[str, Any]:
        given = {name: value for name, value in options.items() if value is not None}
        wanted = SearchQuery(text=query, within=within, **given)
        return result_to_json(wanted, self._searcher.search(wanted))

    def document(
        self, source: str, *, within: str | None = None, outline: bool = False, **part: Any
    ) -> Mapping[str, Any]:
        from embedingest.store.look import document_rows

        wanted = Part(**{name: value for name, value in part.items() if value is not None})
        source = self._meant(source) if within is None else source
        stored = document_rows(self._searcher.table, source, within)
        # What is known of the file is of all of it; and of one that has no rows nobody can tell who may see it.
        state = self._file_state(source) if within is None else None
        rows = whole_version([row for row, _ in stored])
        if not rows and state is None:
            raise missing(source)
        known = {"notices": _notices(state), "failure": _failure(state)}
        if not rows:
            empty: dict[str, Any] = {"outline": []} if outline else {"chunks": [], "text": "", "more": None}
            return {"source": source, **self._where(source), **empty, **known}
        if outline:
            return {**outline_of(rows, self._where(source)), **known}
        times = {row.id: time for row, time in stored}
        shown = read_part(rows, wanted)
        return {
            **told_of(rows, shown, self._where(source, shown.rows[0].page)),
            "ingested_at": max(times[row.id] for row in rows).isoformat(),
            "start_character": shown.start,
            "characters": rows[-1].end,
            "chunks": [_chunk(row) for row in shown.rows],
            "gaps": [list(gap) for gap in shown.gaps],
            **known,
        }

    def _meant(self, source: str) -> str:
        """The document of a name that may be the end of its source; where none is meant, the name as it is."""
        table = self._searcher.table
        if table.ids([source])[source] or self._file_state(source) is not None:
            return source
        return meant([source], table.source_states().keys()).get(source, source)

    def failed(self) -> list[str]:
        """The files that could not be read the last time, as far as the journal can be read."""
        from embedingest.ingest.state.reading import reading

        if self._place is not None:
            with suppress(StoreError), reading(journal_path(*self._place)) as journal:
                return [] if journal is None else [state.source for state in journal.files(state="failed")]
        return []

    def nearest(self, chunk: str, *, limit: int = 10, within: str | None = None) -> Mapping[str, Any]:
        from embedingest.store.look import chunk_vector

        table = self._searcher.table
        found = chunk_vector(table, chunk, within)
        if found is None:
            raise SourceMissingError(
                f"there is no chunk {chunk} in the table",
                remedy="its document changed since it was found: search again",
            )
        row, vector = found
        asked = SearchQuery(text="", vector=vector, mode="vector", limit=limit + 1, within=within)
        hits = [hit for hit in table.search(asked) if hit.row.text_hash != row.text_hash]
        return {"id": row.id, "source": row.source, "results": [hit_to_json(hit) for hit in hits[:limit]]}

    def facets(self, *, within: str | None = None) -> Mapping[str, Any]:
        from embedingest.store.look import documents, table_version

        table = self._searcher.table
        key = table_version(table), within
        with self._lock:  # one at a time: it reads every document's name
            if key not in self._facets:
                self._facets[key] = _counted(documents(table, within))
                if len(self._facets) > _KEPT_FACETS:
                    self._facets.popitem(last=False)
            return {**self._facets[key], "columns": list(table.identity.extras)}

    def map(self, *, within: str | None = None) -> Mapping[str, Any]:
        return self._map.look(within)

    def places_on_map(self, ids: Collection[str], *, within: str | None = None) -> Mapping[str, Any]:
        return self._map.places(list(ids), within)

    def places(self, sources: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        return {} if self._folders is None else self._folders.places(sources, self._roots(self._folders))

    def _roots(self, folders: FoldersBehind) -> Mapping[str, str]:
        """The folders that are followed, as they were seconds ago at most: one who may not write copies the journal."""
        with self._looking:
            if time.monotonic() >= self._next_look:
                self._kept_roots = folders.roots()
                self._next_look = time.monotonic() + _LOOK_SECONDS
            return self._kept_roots

    def _where(self, source: str, page: int | None = None) -> dict[str, str]:
        place = dict(self.places([source]).get(source, {}))
        if page is not None and "uri" in place:
            place["uri"] += f"#page={page}"
        return place

    def _file_state(self, source: str) -> FileState | None:
        """What the journal knows of the file that a source is (in); `None` where it knows nothing or is damaged."""
        from embedingest.ingest.identity import parent_source
        from embedingest.ingest.state.reading import reading

        if self._place is None:
            return None
        with suppress(StoreError), reading(journal_path(*self._place)) as journal:
            return None if journal is None else journal.file(parent_source(source))
        return None


def _chunk(row: Row) -> dict[str, Any]:
    """A chunk without its text, which is that of the document from `start` to `end`."""
    told = asdict(row)
    names = ("id", "chunk_index", "start", "end", "line_start", "line_end", "page")
    context = {} if row.context is None else {"context": row.context}
    return {name: told[name] for name in names} | {"heading_path": list(row.heading_path)} | context | _part(row)


def _part(row: Row) -> dict[str, Any]:
    """Which part of its document a chunk is, where its format has neither lines nor pages alone: a sheet, a cell."""
    metadata = json.loads(row.metadata) if row.metadata else {}
    part = {name: metadata[name] for name in _PARTS if name in metadata}
    return {"part": part} if part else {}


def _notices(state: FileState | None) -> list[dict[str, Any]]:
    from embedingest.ingest.notices import meaning

    counted = {} if state is None else state.notices
    return [{"kind": kind, "count": count, "meaning": meaning(kind)} for kind, count in sorted(counted.items())]


def _failure(state: FileState | None) -> Mapping[str, Any] | None:
    """Why the file could not be read the last time; what is shown then is from before."""
    from embedingest.ingest.audit.status import failed_file

    return None if state is None or state.state != "failed" else failed_file(state, time.time())


def _counted(documents: Iterable[tuple[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """How many documents lie in each folder, and are of each type; most first."""
    from embedingest.ingest.identity import parent_source

    folders: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for source, mime in documents:
        types[mime] += 1
        names = parent_source(source).split("/")[:-1]
        for depth in range(1, min(len(names), _FOLDER_LEVELS) + 1):
            folders["/".join(names[:depth]) + "/"] += 1

    def listed(counts: Counter[str]) -> list[dict[str, Any]]:
        return [{"name": name, "documents": count} for name, count in counts.most_common(_MOST_LISTED)]

    return {"folders": listed(folders), "types": listed(types)}
