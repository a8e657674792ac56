"""Indices that several processes make of one table: each a segment over some of its fragments, then one publishes them.

All segments of an index are searched as one, and upkeep folds new rows into them as into any other. Those over vectors
share one model, which is trained first, so that a search looks into as many partitions as with one segment.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.store import pylance, vector_index
from embedingest.store.database import translated
from embedingest.store.elsewhere import LEAST_ROWS
from embedingest.store.key_index import FEW_VALUES, KEY_COLUMNS, name_of
from embedingest.store.makers import IN_THIS_PROCESS, IndexMakers
from embedingest.store.schema import VECTOR
from embedingest.store.text_index import TEXT_INDEX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from embedingest.store.handle import TableHandle
    from embedingest.store.values import TextSettings

__all__ = ["IndexWork", "segmented", "work_at"]

_TRAIN: Final = "train"
_VECTOR_KIND: Final = "IVF_RQ"
_BITS: Final = 1
_SAMPLED: Final = 256
"""Vectors a partition that its middle is found from."""


class IndexWork(NamedTuple):
    """One piece of making an index, for any process that reaches the table: a segment of `fragments`.

    `version` is the table's, `name` that of the whole index, `kind` how Lance calls it, `options` are Lance's for it.
    """

    uri: str
    table: str
    version: int
    name: str
    column: str
    kind: str
    fragments: tuple[int, ...] = ()
    options: Mapping[str, Any] = {}


class _Wanted(NamedTuple):
    """An index that is to be made of all fragments."""

    name: str
    column: str
    kind: str
    options: Mapping[str, Any] = {}


def work_at(work: IndexWork) -> Any:
    """Do a piece of work; what it gives is for `segmented` alone, and pickles. Raises StoreError."""
    with _translated(work.uri, work.table):
        dataset = pylance.opened(work.uri, work.table, work.version)
        if work.kind == _TRAIN:
            return pylance.trained(dataset, work.column, **work.options)
        return dataset.create_index_uncommitted(
            work.column, work.kind, name=work.name, replace=True, fragment_ids=list(work.fragments), **work.options
        )


def segmented(
    run: Callable[[Sequence[IndexWork]], Sequence[Any]],
    groups: int,
    *,
    join: Callable[[TableHandle, float | None], None] = IN_THIS_PROCESS.join,
    least_rows: int = LEAST_ROWS,
) -> IndexMakers:
    """Makers whose work is done by `run`: it does each of the pieces (`work_at`) wherever it likes, and gives their
    results in order. An index has at most `groups` segments. Of fewer rows than `least_rows` this process makes it.
    Rows are joined by `join`.
    """

    def keys(table: TableHandle, names: Collection[str]) -> None:
        if table.count() < least_rows:
            IN_THIS_PROCESS.keys(table, names)
            return
        wanted = [column for column in KEY_COLUMNS if name_of(column) in names]
        kinds = {column: "BITMAP" if column in FEW_VALUES else "BTREE" for column in wanted}
        _make(table, [_Wanted(name_of(column), column, kind) for column, kind in kinds.items()], run, groups)

    def text(table: TableHandle, settings: TextSettings) -> None:
        if table.count() < least_rows:
            IN_THIS_PROCESS.text(table, settings)
            return
        options = {
            "with_position": settings.positions,
            "base_tokenizer": settings.tokenizer,
            "language": settings.language,
            "stem": settings.stem,
            "remove_stop_words": settings.stop_words,
        }
        _make(table, [_Wanted(TEXT_INDEX, "text", "INVERTED", options)], run, groups)

    def vectors(table: TableHandle, rows: int) -> None:
        if rows < least_rows:
            IN_THIS_PROCESS.vectors(table, rows)
            return
        identity, index, partitions = table.identity, vector_index.VECTOR_INDEX, vector_index.partitions(rows)
        number = "float16" if identity.float16 else "float32"
        sampled = max(2, min(_SAMPLED, rows // partitions))
        facts: dict[str, Any] = {"partitions": partitions, "sampled": sampled, "number": number}
        facts |= {"dimensions": identity.dimensions, "bits": _BITS}
        (model,) = run([IndexWork(table.uri, table.name, _version(table), index, VECTOR, _TRAIN, options=facts)])
        options = {"metric": "cosine", "num_partitions": partitions, "num_bits": _BITS, **model}
        _make(table, [_Wanted(index, VECTOR, _VECTOR_KIND, options)], run, groups)

    return IndexMakers(keys, text, vectors, join)


def _make(
    table: TableHandle,
    wanted: Sequence[_Wanted],
    run: Callable[[Sequence[IndexWork]], Sequence[Any]],
    groups: int,
) -> None:
    """Make indices, and publish each with all of its segments."""
    version = _version(table)
    with _translated(table.uri, table.name):
        dataset = pylance.opened(table.uri, table.name, version)
        sizes = {fragment.fragment_id: int(fragment.metadata.num_rows) for fragment in dataset.get_fragments()}
    shares = _shares(sizes, groups)
    works = [
        IndexWork(table.uri, table.name, version, one.name, one.column, one.kind, share, one.options)
        for one in wanted
        for share in shares
    ]
    made = run(works)
    with _translated(table.uri, table.name):
        for one in wanted:
            segments = [segment for work, segment in zip(works, made, strict=True) if work.name == one.name]
            pylance.opened(table.uri, table.name).commit_existing_index_segments(one.name, one.column, segments)
        table.lance.checkout_latest()


def _shares(sizes: Mapping[int, int], groups: int) -> list[tuple[int, ...]]:
    """Fragments in at most `groups` shares of about as many rows, the largest fragments dealt first."""
    heap: list[tuple[int, int, list[int]]] = [(0, number, []) for number in range(max(1, min(groups, len(sizes))))]
    for fragment, rows in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        held, number, share = heapq.heappop(heap)
        heapq.heappush(heap, (held + rows, number, [*share, fragment]))
    return [tuple(sorted(share)) for _, _, share in sorted(heap, key=lambda one: one[1])]


def _version(table: TableHandle) -> int:
    with table.translated("read the version of"):
        return int(table.lance.version)


def _translated(uri: str, table: str) -> Any:
    return translated("index", f"table `{table}` in {uri}")
