"""Rows to be written with what models made of their texts: checked, and as Arrow. Opens nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from embedingest.errors import StoreError
from embedingest.store import schema as columns
from embedingest.store.extras import column_of
from embedingest.store.values import LATE, VECTOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from embedingest.store.values import Changes
    from embedingest.types import Row

__all__ = ["Additions", "first_of_each"]

_WRITE_BATCH_ROWS: Final = 4096


class Additions(NamedTuple):
    """N rows, the vector (D,) of each, and its value in each column beside."""

    rows: Sequence[Row]
    vectors: NDArray[np.float32] | Sequence[NDArray[np.float32]]
    extras: Mapping[str, Sequence[NDArray[Any]]]

    @classmethod
    def of(cls, changes: Changes, schema: pa.Schema) -> Additions:
        """What a commit adds to a table of this schema. Raises StoreError naming the first source of what cannot be
        stored.
        """
        rows, extras = changes.add, changes.extras
        vectors = changes.vectors if rows or changes.vectors is not None else ()
        width = schema.field(VECTOR).type.list_size
        if vectors is None or len(vectors) != len(rows):
            number = "none" if vectors is None else len(vectors)
            raise StoreError(f"{len(rows)} rows of {width} dimensions were to be added, vectors are {number}")
        wanted = columns.identity(schema, table="").extras
        for name in dict.fromkeys([*wanted, *extras]):
            number = len(extras.get(name, ()))
            if name not in wanted or number != len(rows):
                raise StoreError(f"{len(rows)} rows were to be added, values of column `{name}` are {number}")
        given = cls(rows, vectors, {name: extras[name] for name in wanted})
        given._check(width, wanted[LATE].dimensions if LATE in wanted else 0)
        return given

    def kept(self, schema: pa.Schema) -> list[str]:
        """The columns to be read of rows of these ids that a table of this schema holds already; see `split`."""
        return ["id", *(name for name in columns.carried(schema) if name not in self.extras)]

    def split(self, stored: pa.Table) -> tuple[list[int], list[int], pa.Table]:
        """The places of rows that are new, and of those whose id is in `stored`, with what is stored of these in order.

        Of each id only the first row counts.
        """
        places = {row_id: place for place, row_id in enumerate(stored.column("id").to_pylist())}
        first = first_of_each(self.rows)
        again = [i for i in first if self.rows[i].id in places]
        new = [i for i in first if self.rows[i].id not in places]
        return new, again, stored.take(pa.array([places[self.rows[i].id] for i in again], pa.int64()))

    def _check(self, width: int, token_width: int) -> None:
        for some in _slices(range(len(self.rows))):
            wrong = next((self.vectors[i].shape for i in some if self.vectors[i].shape != (width,)), None)
            if wrong is not None:
                raise StoreError(
                    f"{len(self.rows)} rows of {width} dimensions were to be added, a vector has shape {wrong}"
                )
            not_finite = np.flatnonzero(~np.isfinite(self._stacked(some)).all(axis=1))
            if not_finite.size:
                source = self.rows[some[int(not_finite[0])]].source
                raise StoreError(f"the vector of a chunk of {source} holds NaN or infinity")
        for row, value in zip(self.rows, self.extras.get(LATE, ()), strict=False):
            if value.shape[1:] != (token_width,):
                raise StoreError(
                    f"tokens of a chunk of {row.source} have vectors of shape {value.shape[1:]}, not ({token_width},)"
                )

    def batches(self, places: Sequence[int], schema: pa.Schema, now: datetime) -> pa.RecordBatchReader:
        """The rows at these places, made as they are written: one commit, however many there are."""

        def made() -> Iterator[pa.RecordBatch]:
            for some in _slices(places):
                yield from self.table(some, schema, now).to_batches()

        return pa.RecordBatchReader.from_batches(schema, made())

    def table(self, places: Sequence[int], schema: pa.Schema, now: datetime, kept: pa.Table | None = None) -> pa.Table:
        """The rows at these places, one at least; `kept` has their values of columns that are not ours."""
        extras = {
            name: column_of([values[i] for i in places], schema.field(name).type)
            for name, values in self.extras.items()
        }
        rows = [self.rows[i] for i in places]
        return columns.table_of(rows, self._stacked(places), schema, now, kept, extras)

    def _stacked(self, places: Sequence[int]) -> NDArray[np.float32]:
        return np.stack([self.vectors[i] for i in places]).astype(np.float32, copy=False)


def _slices(places: Sequence[int]) -> Iterator[Sequence[int]]:
    return (places[first : first + _WRITE_BATCH_ROWS] for first in range(0, len(places), _WRITE_BATCH_ROWS))


def first_of_each(rows: Sequence[Row]) -> list[int]:
    """The index of each id's first row, so that no batch holds a key twice."""
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        first.setdefault(row.id, index)
    return list(first.values())
