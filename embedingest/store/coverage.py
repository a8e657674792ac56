"""Indices of keys kept up while a run of many parts writes, and upkeep of the table waits for its end.

Each part asks the table which of its texts and documents it has. Rows that no index covers are read through for each
such question, so a run of millions of rows would slow itself down with each commit. What upkeep makes of the indices
afterwards is as ever.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.errors import StoreError
from embedingest.store import pylance
from embedingest.store.database import translated
from embedingest.store.fragments import properties_of
from embedingest.store.key_index import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["cover_keys"]

_log = logging.getLogger(__name__)
_ASKED_COLUMNS: Final = ("id", "source", "text_hash")
_LEAST_ROWS: Final = 100_000
_MOST_ROWS: Final = 2_000_000
"""Rows of a segment that is not made again together with new ones."""


class _Segment(NamedTuple):
    """A part of an index: what Lance calls it, and the fragments that it covers."""

    uuid: str
    fragments: frozenset[int]


def cover_keys(uri: str | Path, table: str, *, run: str, least: int = _LEAST_ROWS, most: int = _MOST_ROWS) -> int:
    """Let indices cover rows of the keys that none covers, once these are `least` or more; gives the newest version.

    New rows become a segment together with smaller ones of up to `most` rows, so that there are few. Writes one commit,
    which says that it is of this `run`. What fails is logged: parts go on without.
    """
    try:
        with translated("index the keys of", f"table `{table}` in {uri}"):
            dataset = pylance.opened(uri, table)
            new, old = _segments(dataset, least, most)
            if not new:
                return int(dataset.version)
            lance = pylance.load()
            operation = lance.LanceOperation.CreateIndex(new_indices=new, removed_indices=old)
            transaction = lance.Transaction(dataset.version, operation, transaction_properties=properties_of(run))
            return int(lance.LanceDataset.commit(dataset, transaction).version)
    except StoreError as error:
        _log.warning("texts of the run are looked up without an index: %s", error)
        return int(pylance.opened(uri, table).version)


def _segments(dataset: Any, least: int, most: int) -> tuple[list[Any], list[Any]]:
    """New segments of all the indices, and those whose place they take."""
    sizes = {fragment.fragment_id: int(fragment.metadata.num_rows) for fragment in dataset.get_fragments()}
    indices = {index.name: index for index in dataset.describe_indices()}
    new, old = [], []
    for column in _ASKED_COLUMNS:
        name = name_of(column)
        described = indices[name].segments if name in indices else []
        held = [_Segment(segment.uuid, frozenset(segment.fragment_ids)) for segment in described]
        share, replaced = _share(sizes, held, least, most)
        if share:
            ids = sorted(share)
            made = dataset.create_index_uncommitted(column, "BTREE", name=name, replace=True, fragment_ids=ids)
            new.append(made)
            # Of one that goes Lance wants to be told the same facts.
            old += [replace(made, uuid=one.uuid, fragment_ids=set(one.fragments), files=None) for one in replaced]
    return new, old


def _share(
    sizes: Mapping[int, int], held: list[_Segment], least: int, most: int
) -> tuple[frozenset[int], list[_Segment]]:
    """The fragments of a new segment, none where it is too early, and the segments that go into it."""
    share = frozenset(sizes) - frozenset(number for segment in held for number in segment.fragments)
    rows = sum(sizes[number] for number in share)
    if rows < least:
        return frozenset(), []
    replaced = []
    by_rows = sorted(held, key=lambda segment: _rows(segment, sizes))
    for segment in by_rows:
        if _rows(segment, sizes) > min(rows, most):
            break
        rows += _rows(segment, sizes)
        share |= segment.fragments & sizes.keys()
        replaced.append(segment)
    return share, replaced


def _rows(segment: _Segment, sizes: Mapping[int, int]) -> int:
    return sum(sizes.get(number, 0) for number in segment.fragments)
