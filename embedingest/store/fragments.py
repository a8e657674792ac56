"""Rows that several processes write into one table: each writes fragments that nobody sees yet, one commits them all.

Nothing in Lance is idempotent: the same fragments committed twice are the rows twice. So a commit carries the numbers
of the parts that are in it, and each is looked up before it is committed. A table has one writer (its lock or lease);
who writes fragments needs no lock.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from embedingest.errors import StoreError
from embedingest.store import pylance
from embedingest.store import schema as columns
from embedingest.store.additions import Additions
from embedingest.store.database import may_pass, translated
from embedingest.store.key_index import name_of
from embedingest.store.predicate import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from embedingest.store.table import ChunkTable
    from embedingest.store.values import Changes

__all__ = [
    "PartCommit", "WrittenRows", "commit_parts", "committed_parts", "current_version", "properties_of", "write_rows",
    "written_alone",
]  # fmt: skip

_RUN: Final = "embedingest.run"
_PARTS: Final = "embedingest.parts"
_MOST_CONFLICTS: Final = 20
_MOST_FAILURES: Final = 3
_WAIT_SECONDS: Final = 0.2
_LOOKUP_IDS: Final = 10_000
"""Ids in one look-up of what is to be deleted: neighbours, so that looks at once read different pages of the index."""

_SCAN_IDS: Final = 100_000
"""The same where no index has them, and each look-up reads them all."""

_AT_ONCE: Final = 8
"""Look-ups, and fragments of which rows go, at once: in an object store each of them waits for answers."""


class WrittenRows(NamedTuple):
    """Fragments that hold whole rows and are in no version yet, as JSON; how many rows; and which stored ids they, or
    nothing, replace.
    """

    fragments: tuple[str, ...]
    delete_ids: tuple[str, ...]
    rows: int


class PartCommit(NamedTuple):
    """What one part of a run adds to a table, and which rows go; `number` names the part within its run."""

    number: int
    fragments: Sequence[str]
    delete_ids: Sequence[str] = ()


def write_rows(table: ChunkTable, changes: Changes) -> WrittenRows:
    """Write what `changes` adds and refreshes as fragments that a commit can take in, with the checks of
    `ChunkTable.commit`.

    `table` is the table at the version that the changes were made for (`ChunkTable.at`): rows of it that are written
    over or refreshed are written again, whole, and their ids are among those to delete. Rows become Arrow a few
    thousand at a time, so that a large part is not in memory twice. Raises StoreError; what was written by then is in
    no version, and goes with the next clean-up that removes such files.
    """
    schema = table.schema
    given = Additions.of(changes, schema)
    new, again, stored = given.split(table.stored([row.id for row in changes.add], given.kept(schema)))
    fresh = {row.id: row for row in reversed(changes.refresh)}
    replaced = [*stored.column("id").to_pylist(), *fresh, *changes.delete]
    rows = len(new) + len(again) + len(fresh)

    def made() -> Iterator[pa.RecordBatch]:
        now = columns.now()
        if new:
            yield from given.batches(new, schema, now)
        if again:
            yield from given.table(again, schema, now, stored).to_batches()
        for some in batches(fresh):
            yield from _refreshed(table, {row_id: fresh[row_id] for row_id in some}, schema).to_batches()

    fragments = _written(table, pa.RecordBatchReader.from_batches(schema, made())) if rows else []
    written = sum(int(fragment.physical_rows) for fragment in fragments)
    if written != rows:
        raise StoreError(f"{rows} rows were to be written to table `{table.name}`, the fragments hold {written}")
    return WrittenRows(
        tuple(json.dumps(fragment.to_json()) for fragment in fragments), tuple(dict.fromkeys(replaced)), rows
    )


def _refreshed(table: ChunkTable, rows: dict[str, Any], schema: pa.Schema) -> pa.Table:
    stored = table.stored(rows, columns.kept(schema))
    first = {row_id: place for place, row_id in reversed(list(enumerate(stored.column("id").to_pylist())))}
    if lacking := next((row_id for row_id in rows if row_id not in first), None):
        raise StoreError(
            f"row {lacking} of {rows[lacking].source} was to be refreshed, and version {table.version} of table "
            f"`{table.name}` has no such row"
        )
    return columns.refreshed(rows, stored.take(pa.array(first.values(), pa.int64())), schema)


def _written(table: ChunkTable, rows: pa.RecordBatchReader) -> list[Any]:
    dataset = _opened(table.handle.uri, table.name, table.version)
    with table.handle.translated("write to"):
        written: list[Any] = pylance.load().fragment.write_fragments(rows, dataset, mode="append")
    return written


def current_version(uri: str | Path, table: str) -> int:
    """The newest version of a table. Raises StoreError."""
    return int(_opened(uri, table).version)


def committed_parts(uri: str | Path, table: str, run: str, since: int) -> set[int]:
    """The numbers of the parts of a run that versions after `since` took in. Raises StoreError."""
    with _translated("read the commits of", uri, table):
        return _committed(_opened(uri, table), run, since)


def written_alone(uri: str | Path, table: str, run: str, since: int) -> bool:
    """Whether each version after `since` was written by this run, and all of them can be told. Raises StoreError."""
    with _translated("read the commits of", uri, table):
        dataset = _opened(uri, table)
        return all(facts.get(_RUN) == run for facts in _facts(dataset, since))


def commit_parts(
    uri: str | Path,
    table: str,
    parts: Sequence[PartCommit],
    *,
    run: str,
    since: int,
    guard: Callable[[], None] = lambda: None,
) -> int:
    """Add the rows of parts, and delete their ids from what was there, in one commit; gives the newest version.

    Each part of a run is taken in once, however often it is asked for: parts that a version after `since` has are left
    out, also where the answer to a commit was lost on its way. `since` is the version that the run began with, or a
    later one if all parts that were committed up to it are known to the caller and not asked for again: what the
    last call returned, for example. `guard` is asked before each attempt and raises where nothing may be written.

    Raises StoreError where the store fails, or others commit without end; then the same may be asked again.
    """
    conflicts = failures = 0
    while True:
        guard()
        with _translated("commit to", uri, table):
            base = _opened(uri, table)
            known = _committed(base, run, since)
            left = list({part.number: part for part in parts if part.number not in known}.values())
            if not left:
                return int(base.version)
            lance = pylance.load()
            try:
                done = _commit(base, _operation(base, left), properties_of(run, left))
            except lance.commit.CommitConflictError:
                conflicts += 1
                if conflicts >= _MOST_CONFLICTS:
                    raise
            except OSError as error:
                # The store may have taken it in and the answer been lost: the next look tells.
                failures += 1
                if failures >= _MOST_FAILURES or not may_pass(error):
                    raise
                time.sleep(_WAIT_SECONDS * 2**failures)
            else:
                return _without_doubles(done, int(base.version), left, run)


def _commit(base: Any, operation: Any, properties: dict[str, str]) -> Any:
    """One attempt. Lance's own would add the rows a second time where the answer to the first was lost."""
    lance = pylance.load()
    transaction = lance.Transaction(base.version, operation, transaction_properties=properties)
    return lance.LanceDataset.commit(base, transaction, max_retries=0)


def _without_doubles(done: Any, base: int, parts: Sequence[PartCommit], run: str) -> int:
    """Takes parts out again that are in it twice.

    Lance lets an append follow whatever came since `base`: that may be the same append, of which the store
    said that it failed, and which it carried out after it was looked up.
    """
    before = int(done.version) - 1
    if before == base:
        return int(done.version)
    earlier = done.checkout_version(before)
    twice = _committed(earlier, run, base)
    files = {_file_of(json.loads(text)) for part in parts if part.number in twice for text in part.fragments}
    known = {fragment.fragment_id for fragment in earlier.get_fragments()}
    doubled = [
        fragment.fragment_id
        for fragment in done.get_fragments()
        if fragment.fragment_id not in known and fragment.metadata.files[0].path in files
    ]
    return _taken_out(done, doubled, run)


def _taken_out(dataset: Any, doubled: Collection[int], run: str) -> int:
    """Takes these fragments out, whatever others commit meanwhile; gives the newest version."""
    lance = pylance.load()
    conflicts = 0
    while True:
        present = {fragment.fragment_id for fragment in dataset.get_fragments()}
        left = [number for number in doubled if number in present]
        if not left:
            return int(dataset.version)
        try:
            operation = lance.LanceOperation.Update(removed_fragment_ids=left)
            return int(_commit(dataset, operation, properties_of(run)).version)
        except lance.commit.CommitConflictError:
            conflicts += 1
            if conflicts >= _MOST_CONFLICTS:
                raise
            dataset = dataset.checkout_version(dataset.latest_version)


def _file_of(fragment: dict[str, Any]) -> str:
    return str(fragment["files"][0]["path"])


def _operation(base: Any, parts: Sequence[PartCommit]) -> Any:
    lance = pylance.load()
    added = [lance.FragmentMetadata.from_json(text) for part in parts for text in part.fragments]
    updated, removed = _deleted(base, [row_id for part in parts for row_id in part.delete_ids])
    if not updated and not removed:
        return lance.LanceOperation.Append(added)
    return lance.LanceOperation.Update(removed_fragment_ids=removed, updated_fragments=updated, new_fragments=added)


def _deleted(base: Any, ids: Collection[str]) -> tuple[list[Any], list[int]]:
    """The fragments that go on without the rows of these ids, and the numbers of those of which nothing is left."""
    if not ids:
        return [], []
    size = _LOOKUP_IDS if name_of("id") in {index.name for index in base.describe_indices()} else _SCAN_IDS
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        found = threads.map(lambda some: _addresses(base, some), batches(sorted(ids), size))
        places = _by_fragment(np.concatenate(list(found)))
        left = threads.map(lambda place: base.get_fragment(place[0]).delete_rows(place[1]), places)
        kept = dict(zip((number for number, _ in places), left, strict=True))
    updated = [fragment for fragment in kept.values() if fragment is not None]
    return updated, [number for number, fragment in kept.items() if fragment is None]


def _addresses(base: Any, ids: Collection[str]) -> NDArray[np.uint64]:
    """Where rows of these ids are, (N,): the number of the fragment in the upper half, the place in it in the lower."""
    import pyarrow.compute as pc

    found = base.scanner(columns=[], filter=pc.field("id").isin(list(ids)), with_row_address=True).to_table()
    return np.asarray(found.column("_rowaddr").to_numpy(), dtype=np.uint64)


def _by_fragment(addresses: NDArray[np.uint64]) -> list[tuple[int, list[int]]]:
    """The numbers of fragments, and the places in each."""
    addresses = np.sort(addresses)
    numbers = addresses >> np.uint64(32)
    parts = np.split(addresses, np.flatnonzero(np.diff(numbers)) + 1) if len(addresses) else []
    return [(int(part[0]) >> 32, (part & np.uint64(0xFFFF_FFFF)).tolist()) for part in parts]


def properties_of(run: str, parts: Sequence[PartCommit] = ()) -> dict[str, str]:
    """What a commit of a run says of itself: whose it is, and which parts are in it."""
    numbers = {_PARTS: _ranges(sorted(part.number for part in parts))} if parts else {}
    return {_RUN: run, **numbers}


def _committed(dataset: Any, run: str, since: int) -> set[int]:
    found = [facts for facts in _facts(dataset, since) if facts.get(_RUN) == run]
    return {number for facts in found for number in _numbers(facts.get(_PARTS, ""))}


def _facts(dataset: Any, since: int) -> list[dict[str, str]]:
    """What the transactions of all versions after `since` say of themselves; nothing where one cannot be told."""
    newer = int(dataset.version) - since
    transactions = dataset.get_transactions(newer) if newer > 0 else []
    found = [{} if each is None else each.transaction_properties or {} for each in transactions]
    return found + [{}] * (newer - len(found))


def _ranges(numbers: Sequence[int]) -> str:
    """`0-3,7` of 0, 1, 2, 3 and 7."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _numbers(ranges: str) -> Iterator[int]:
    for span in filter(None, ranges.split(",")):
        first, _, last = span.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _opened(uri: str | Path, table: str, version: int | None = None) -> Any:
    with _translated("open", uri, table):
        return pylance.opened(uri, table, version)


def _translated(action: str, uri: str | Path, table: str) -> Any:
    return translated(action, f"table `{table}` in {uri}")
