"""Reads everything that a table holds, and asks its indices for rows that are known to be there. Writes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from embedingest.errors import StoreError
from embedingest.store.health import Damage, damage
from embedingest.store.key_index import FILTER_COLUMNS, KEY_INDICES
from embedingest.store.predicate import one_of
from embedingest.store.schema import VECTOR
from embedingest.store.text_index import TEXT_INDEX
from embedingest.store.vector_index import VECTOR_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from embedingest.store.handle import TableHandle

__all__ = ["WrongVector", "damage_found_by_reading", "wrong_vectors"]

_BATCH_ROWS: Final = 256
_LEAST_WORDS: Final = 3
_MOST_WORDS: Final = 4
_MOST_PROBED: Final = 16
"""Batches of which the index over words is asked for every row; of a larger table they lie all over it."""
# Words that every setting of the index takes: not too long, in a script that is cut at blanks. Three of them are hardly
# all stop words.
_WORD: Final = re.compile(r"(?<!\S)[A-Za-z]{5,24}(?!\S)")
_LENGTH_TOLERANCE: Final = 0.02
_UNIT_SHARE: Final = 0.9


class WrongVector(NamedTuple):
    """A row whose vector cannot be what was written."""

    source: str
    id: str


def damage_found_by_reading(table: TableHandle) -> Iterator[Damage]:
    """What is wrong with the files, and what only reading them shows. Raises StoreError where that is not damage."""
    found = damage(table.uri, table.name, thorough=True)
    yield from found
    if any(item.part == "rows" for item in found):
        return
    broken = {item.index for item in found if item.part == "index"}
    try:
        names = {index.name for index in table.lance.list_indices()} - broken
        unfound, step = 0, 1 + table.count() // (_BATCH_ROWS * _MOST_PROBED)
        for number, batch in enumerate(_batches(table, table.schema.names)):
            if TEXT_INDEX in names and number % step == 0:
                unfound += _unfound(table, batch)
            if VECTOR_INDEX in names:
                _ask_vector_index(table, batch)
                names -= {VECTOR_INDEX}
        for index in sorted(names & KEY_INDICES):
            yield from _key_index(table, index)
    except IndexFault as fault:
        yield Damage("_indices", f"cannot be read: {fault}", "index", fault.index)
        return
    except StoreError as error:
        yield Damage("data", f"cannot be read: {error.message}", "rows")
        return
    if unfound:
        yield Damage("_indices", f"do not lead to {unfound:,} rows by their words", "index", TEXT_INDEX)


class IndexFault(Exception):  # noqa: N818 -- never leaves this module
    """An index answered with an error."""

    def __init__(self, index: str, reason: str) -> None:
        super().__init__(reason)
        self.index = index


def wrong_vectors(table: TableHandle) -> Iterator[WrongVector]:
    """Rows whose vector holds what is no number, or is not as long as those of nearly all others. Raises StoreError."""
    lengths: list[NDArray[np.float64]] = []
    keys: list[tuple[str, str]] = []
    for batch in _batches(table, ["id", "source", VECTOR]):
        matrix = _matrix(batch)
        lengths.append(np.sqrt((matrix * matrix).sum(axis=1)))
        keys += zip(batch.column("source").to_pylist(), batch.column("id").to_pylist(), strict=True)
    if not keys:
        return
    every = np.concatenate(lengths)
    off = ~(np.abs(every - 1) <= _LENGTH_TOLERANCE)  # what is no number is off, too
    if off.mean() > 1 - _UNIT_SHARE:
        off = ~np.isfinite(every)  # an engine whose vectors are not of length 1
    for place in np.flatnonzero(off):
        yield WrongVector(*keys[int(place)])


def _batches(table: TableHandle, names: list[str]) -> Iterator[pa.RecordBatch]:
    with table.translated("read"):
        yield from table.lance.search().select(names).to_batches(batch_size=_BATCH_ROWS)


def _matrix(batch: pa.RecordBatch) -> NDArray[np.float64]:
    column = batch.column(VECTOR)
    return np.asarray(column.flatten(), dtype=np.float64).reshape(len(column), -1)


def _unfound(table: TableHandle, batch: pa.RecordBatch) -> int:
    """How many rows of the batch the index over words does not lead to, though they hold what was asked for."""
    from lancedb.query import MatchQuery

    words: dict[str, list[str]] = {}
    for row_id, text in zip(batch.column("id").to_pylist(), batch.column("text").to_pylist(), strict=True):
        found = list(dict.fromkeys(_WORD.findall(text or "")))
        if len(found) >= _LEAST_WORDS:
            words[row_id] = found[:_MOST_WORDS]
    if not words:
        return 0
    query = MatchQuery(" ".join(sorted({word for several in words.values() for word in several})), "text")  # type: ignore[call-arg]
    try:
        with table.translated("search"):
            search = table.lance.search(query, query_type="fts").where(one_of("id", list(words)), prefilter=True)
            answer = search.limit(len(words)).select(["id"]).to_arrow()
    except StoreError as error:
        raise IndexFault(TEXT_INDEX, error.message) from error
    return len(words.keys() - set(answer.column("id").to_pylist()))


def _ask_vector_index(table: TableHandle, batch: pa.RecordBatch) -> None:
    try:
        with table.translated("search"):
            search = table.lance.search(_matrix(batch)[0].astype(np.float32), vector_column_name=VECTOR)
            search.distance_type("cosine").nprobes(1_000_000).limit(10).select(["id"]).to_arrow()
    except StoreError as error:
        raise IndexFault(VECTOR_INDEX, error.message) from error


def _key_index(table: TableHandle, index: str) -> Iterator[Damage]:
    column = index.removesuffix("_idx")
    unfound, asked = 0, {None}
    for batch in _batches(table, [column]):
        values = set(batch.column(column).to_pylist()) - asked
        if column in FILTER_COLUMNS:  # many rows share a value: all of them are found at once
            asked |= values
        try:
            with table.translated("read"):
                answer = table.lance.search().where(one_of(column, values)).select([column]).to_arrow()
        except StoreError as error:
            raise IndexFault(index, error.message) from error
        unfound += len(values - set(answer.column(column).to_pylist()))
    if unfound:
        yield Damage("_indices", f"do not lead to {unfound:,} values of `{column}`", "index", index)
