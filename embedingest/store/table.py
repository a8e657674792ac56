"""The table of chunks: open, read by source, commit changes. Knows no models, no files and no order of steps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Self

import pyarrow as pa

from embedingest.errors import StoreError
from embedingest.store import schema as columns
from embedingest.store.additions import Additions, first_of_each
from embedingest.store.database import connect, missing, opened, translated
from embedingest.store.extras import values_of
from embedingest.store.handle import TableHandle, check_context, check_extras, check_fingerprint
from embedingest.store.health import check_newest_version, put_aside, telling
from embedingest.store.maintain import Maintainer, stats
from embedingest.store.predicate import batches, one_of
from embedingest.store.probe import damage_found_by_reading, wrong_vectors
from embedingest.store.schema import VECTOR
from embedingest.store.search.asked import check_query
from embedingest.store.search.narrow import columns_within, confined
from embedingest.store.search.search import search
from embedingest.store.uri import local_folder
from embedingest.store.values import ColumnModel, SourceState, TableIdentity, Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from embedingest.store.health import Damage
    from embedingest.store.maintain import Needs
    from embedingest.store.makers import IndexMakers
    from embedingest.store.probe import WrongVector
    from embedingest.store.values import Changes, SearchQuery, SearchResult, TableStats
    from embedingest.types import Row

__all__ = ["ChunkTable", "open_table"]

_READ_BATCH_ROWS: Final = 65_536
_DELETE_BATCH_IDS: Final = 50_000


def open_table(
    uri: str | Path,
    name: str,
    *,
    fingerprint: str | None = None,
    dimensions: int | None = None,
    create: bool = False,
    model: str = "",
    document_prompt: str = "",
    read_consistency_seconds: float = 5.0,
    float16: bool = False,
    extras: Mapping[str, ColumnModel] | None = None,
    context: bool | None = None,
    upkeep: Upkeep | None = None,
    guard: Callable[[], None] | None = None,
) -> ChunkTable:
    """Open a table; with `create` make it where it is missing.

    `fingerprint` and `dimensions` are those of the model in use, `extras` the models of the columns beside (`sparse`,
    `late`), `context` whether it has that column; a reader that brings no vectors may leave them out. Other
    processes' commits are seen after `read_consistency_seconds` (0: at once). `float16` counts only for a table that
    is made here. `guard` is asked before each write and raises where this process may write no more.

    Raises TableMissingError, FingerprintError (another model's table, nothing touched), StoreError.
    """
    made = None
    if create and fingerprint is not None and dimensions is not None:
        made = TableIdentity(
            fingerprint,
            dimensions,
            model,
            document_prompt,
            float16,
            columns.version_for(extras, context=context),
            context=context or None,
            **(extras or {}),
        )
    try:
        handle = _opened(uri, name, read_consistency_seconds, create=create, made=made)
        stored, identity = handle.schema, handle.identity
        columns.check(stored, identity.dimensions, table=name, writing=create)
    except StoreError as error:
        told = telling(error, uri, name)
        if told is error:
            raise
        raise told from error
    check_fingerprint(identity, name, fingerprint=fingerprint, dimensions=dimensions)
    if extras is not None:
        check_extras(identity, name, extras)
    if context is not None:
        check_context(identity, name, context=context)
    return ChunkTable(handle, upkeep=upkeep, guard=guard)


def _opened(
    uri: str | Path, name: str, read_consistency_seconds: float, *, create: bool, made: TableIdentity | None
) -> TableHandle:
    """A handle on the table; with `create` one for `made` where there is none."""
    folder = local_folder(uri)
    if not create and folder is not None and not folder.is_dir():
        raise missing(uri, name)
    check_newest_version(uri, name)
    database = connect(uri, read_consistency_seconds=read_consistency_seconds)
    lance = opened(database, uri, name)
    if lance is None:
        if made is None and create:
            raise StoreError(f"table `{name}` cannot be made without a model's fingerprint and dimensions")
        if made is None:
            raise missing(uri, name)
        put_aside(uri, name)  # what is left of a table whose versions are gone
        with translated("create table", f"`{name}` in {uri}"):
            lance = database.create_table(name, schema=columns.schema(made), mode="create")
    return TableHandle(database, lance, uri=str(uri), name=name)


class ChunkTable:
    """One table of chunks. Reads may come from any thread; writes take turns.

    The caller holds the table's `WriterLock` while it writes: LanceDB itself does not keep two processes from
    adding the same new key.
    """

    def __init__(
        self, handle: TableHandle, *, upkeep: Upkeep | None = None, guard: Callable[[], None] | None = None
    ) -> None:
        self.handle = handle
        self.upkeep = upkeep or Upkeep()
        self._guard = guard or (lambda: None)
        self._maintainer = Maintainer(handle)

    @property
    def name(self) -> str:
        """The table's name in its database."""
        return self.handle.name

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema as it is now; see `TableHandle.schema`."""
        return self.handle.schema

    @property
    def identity(self) -> TableIdentity:
        """Which model's vectors the table holds, as of now."""
        return self.handle.identity

    # -- reading

    def rows(self, sources: Collection[str], *, within: str | None = None) -> dict[str, list[Row]]:
        """The rows of each source that pass the filter `within`, in chunk order, without vectors; `[]` for none."""
        by_source: dict[str, list[Row]] = {source: [] for source in sources}
        for batch in batches(sources):
            where = confined(self.handle, one_of("source", batch), within)
            for row in columns.rows_of(self._select(where, columns_within(self.schema, within))):
                by_source[row.source].append(row)
        for rows in by_source.values():
            rows.sort(key=lambda row: (row.chunk_index, row.id))
        return by_source

    def ids(self, sources: Collection[str]) -> dict[str, list[str]]:
        """The ids of the rows of each source, in no order; one that is stored twice is there twice."""
        by_source: dict[str, list[str]] = {source: [] for source in sources}
        for batch in batches(sources):
            stored = self._select(one_of("source", batch), ["source", "id"])
            for source, key in zip(*(stored.column(name).to_pylist() for name in ("source", "id")), strict=True):
                by_source[source].append(key)
        return by_source

    def source_states(self) -> dict[str, SourceState]:
        """What the table says of every source. Streams: memory grows with the sources, not with the rows."""
        counts: dict[str, dict[tuple[Any, ...], int]] = defaultdict(lambda: defaultdict(int))
        names = ["source", *columns.STATE_COLUMNS]
        with self.handle.translated("read"):
            for batch in self.handle.lance.search().select(names).to_batches(batch_size=_READ_BATCH_ROWS):
                columns.count_into(counts, pa.Table.from_batches([batch]))
        return {source: columns.state_of(versions) for source, versions in sorted(counts.items())}

    def vectors(self, text_hashes: Collection[str], column: str = VECTOR) -> dict[str, NDArray[Any]]:
        """A stored vector, float32 (D,), for each text hash that any row has; the others are left out.

        Of another `column` that the table has beside, its value; see `store/extras.py`.
        """
        vectors: dict[str, NDArray[Any]] = {}
        for batch in batches(text_hashes):
            stored = self._select(one_of("text_hash", batch), ["text_hash", column])
            values = columns.matrix_of(stored) if column == VECTOR else values_of(stored.column(column))
            vectors.update(zip(stored.column("text_hash").to_pylist(), values, strict=True))
        return vectors

    def stored(self, ids: Collection[str], names: list[str]) -> pa.Table:
        """Columns `names` of the rows with these ids, in no order; ids that are not there are left out."""
        if not ids:
            schema = self.schema
            return pa.schema([schema.field(name) for name in names]).empty_table()
        return pa.concat_tables([self._select(one_of("id", batch), names) for batch in batches(ids)])

    @property
    def version(self) -> int:
        """The version of the table that is read now. Raises StoreError."""
        with self.handle.translated("read the version of"):
            return int(self.handle.lance.version)

    def at(self, version: int) -> ChunkTable:
        """The same table as it was at a version, to be read only, whatever is written meanwhile. Raises StoreError."""
        handle = self.handle
        with handle.translated(f"open version {version} of"):
            lance = handle.reopened(version)
        return ChunkTable(TableHandle(handle.database, lance, uri=handle.uri, name=handle.name, pinned=True))

    def count(self) -> int:
        """Number of rows."""
        return self.handle.count()

    def stats(self) -> TableStats:
        """Rows, fragments, bytes, versions, and what each index covers."""
        return stats(self.handle)

    def facts(self) -> dict[str, Any]:
        """What `status --json` shows of the table: its figures and its model."""
        identity = self.identity
        beside = {name: asdict(model) for name, model in identity.extras.items()}
        return {**self.stats().to_json(), "model": identity.model, "fingerprint": identity.fingerprint, **beside}

    def check_model(self, fingerprint: str, dimensions: int, column: str = VECTOR) -> None:
        """Raises FingerprintError for a model that did not make what the table holds in a column."""
        identity = self.identity
        if column == VECTOR:
            check_fingerprint(identity, self.name, fingerprint=fingerprint, dimensions=dimensions)
        else:
            check_extras(identity, self.name, {**identity.extras, column: ColumnModel(fingerprint, dimensions)})

    def check_query(self, query: SearchQuery) -> None:
        """Raises ConfigError for a query that no vector could have answered: its filter, its mode, a number of it."""
        check_query(self.handle, query)

    def search(self, query: SearchQuery) -> SearchResult:
        """The best rows for a query; see `store/search/search.py`."""
        return search(self.handle, query)

    def _select(self, where: Any, names: list[str]) -> pa.Table:
        with self.handle.translated("read"):
            return self.handle.lance.search().where(where).select(names).to_arrow()

    # -- writing

    def commit(self, changes: Changes) -> None:
        """Add, then refresh, then delete; each step is one commit or none.

        A reader in between sees old and new rows together, never less than one whole version. Stopped in
        between, the same commit asked again ends in the same table. Raises StoreError; what was there stays.
        """
        with self.handle.writing:
            self._guard()
            if changes.add:
                self._add(changes)
            if changes.refresh:
                self._refresh(changes.refresh)
            for batch in batches(changes.delete, _DELETE_BATCH_IDS):
                with self.handle.translated("delete from"):
                    self.handle.lance.delete(one_of("id", batch))
            # What Arrow keeps for the next commit is mostly more than that one needs.
            pa.default_memory_pool().release_unused()

    def _add(self, changes: Changes) -> None:
        rows, schema = changes.add, self.schema
        given = Additions.of(changes, schema)
        new, again, stored = given.split(self.stored([row.id for row in rows], given.kept(schema)))
        now = columns.now()
        if new:
            with self.handle.translated("write to"):
                self.handle.lance.add(given.batches(new, schema, now))
        if again:
            self._write_over(given.table(again, schema, now, stored))

    def _refresh(self, rows: Sequence[Row]) -> None:
        # The vectors are read and written again: a merge of some columns only does the same inside, 30 times slower.
        by_id, schema = {rows[i].id: rows[i] for i in first_of_each(rows)}, self.schema
        stored = self.stored(by_id, columns.kept(schema))
        if stored.num_rows:
            self._write_over(columns.refreshed(by_id, stored, schema))

    def _write_over(self, data: pa.Table) -> None:
        """Write over rows that are there."""
        with self.handle.translated("write to"):
            self.handle.lance.merge_insert("id").when_matched_update_all().execute(data)

    # -- upkeep

    def index_with(self, makers: IndexMakers) -> None:
        """Have indices made by others than LanceDB in this process from now on."""
        self._maintainer.makers = makers

    def maintain(self, upkeep: Upkeep | None = None, *, background: bool = False) -> Needs:
        """Do what the statistics ask for, and nothing where they ask for nothing; see `store/maintain.py`."""
        self._guard()
        return self._maintainer.maintain(upkeep or self.upkeep, background=background)

    def optimize(self, upkeep: Upkeep | None = None) -> Needs:
        """Compact, index and clean up now, whatever the statistics say."""
        self._guard()
        return self._maintainer.optimize(upkeep or self.upkeep)

    def damage(self) -> list[Damage]:
        """What is wrong with the table's files, all of which are read. Writes nothing. Raises StoreError."""
        return list(damage_found_by_reading(self.handle))

    def wrong_vectors(self) -> list[WrongVector]:
        """Rows whose vector cannot be what was written. Raises StoreError."""
        return list(wrong_vectors(self.handle))

    def remake_indices(self, names: Collection[str]) -> None:
        """Make these indices again, whatever is left of them. Raises StoreError."""
        self._guard()
        self._maintainer.remake(names, self.upkeep)

    @property
    def upkeep_error(self) -> str:
        """What upkeep beside the commits failed at, and will try again; empty where nothing is wrong."""
        return self._maintainer.error

    def close(self) -> None:
        """Wait for an index that is being made, then give the handles back; afterwards nothing may be asked."""
        self._maintainer.wait()
        self.handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
