"""What a table may hold of each text beside its vector: weighted terms, and one vector a token. As NumPy and as Arrow.

Of one text, `sparse` is an array of `TERM` (M,), tokens ascending, and `late` is float16 (T, D), each row of length 1.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from embedingest.store.terms import TERM
from embedingest.store.values import SPARSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["arrow_kind", "column_of", "entries_of", "matches", "parts_of", "values_of"]

_ENTRY: Final = pa.struct([pa.field("token", pa.int32()), pa.field("weight", pa.float32())])


def arrow_kind(name: str, dimensions: int) -> pa.DataType:
    """The type of column `name`, whose model gives so many `dimensions` (of `late`: D)."""
    if name == SPARSE:
        return pa.list_(pa.field("item", _ENTRY))
    return pa.list_(pa.field("item", pa.list_(pa.field("item", pa.float16()), dimensions)))


def matches(name: str, kind: pa.DataType, dimensions: int) -> bool:
    """Whether a stored column has the type that it should have; names of what is in a list do not count."""
    wanted = arrow_kind(name, dimensions)
    return bool(pa.types.is_list(kind) and kind.value_type == wanted.value_type)


def column_of(values: Sequence[NDArray[Any]], kind: pa.DataType) -> pa.Array:
    """N texts' values as an array of the Arrow type `kind`."""
    offsets = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    inner = kind.value_type
    if pa.types.is_struct(inner):
        terms = np.concatenate([np.empty(0, TERM), *values])
        flat = [pa.array(np.ascontiguousarray(terms[field.name]), field.type) for field in inner]
        entries: pa.Array = pa.StructArray.from_arrays(flat, fields=list(inner))
    else:
        vectors = np.concatenate([np.empty((0, inner.list_size), np.float16), *values]).astype(np.float16, copy=False)
        numbers = pa.array(vectors.reshape(-1), inner.value_type)
        entries = pa.FixedSizeListArray.from_arrays(numbers, type=inner)
    return pa.ListArray.from_arrays(pa.array(offsets), entries, type=kind)


def entries_of(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.Array]:
    """A column as offsets (N + 1,) and what all N lists hold, one after another."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    offsets = whole.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], whole.values.slice(offsets[0], offsets[-1] - offsets[0])


def parts_of(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """A column as offsets (N + 1,) and the values of all N texts, one after another."""
    offsets, entries = entries_of(column)
    if pa.types.is_struct(entries.type):
        values = np.empty(len(entries), TERM)
        for place, name in enumerate(TERM.names or ()):
            values[name] = entries.field(place).to_numpy(zero_copy_only=False)
    else:
        values = entries.flatten().to_numpy(zero_copy_only=False).reshape(-1, entries.type.list_size)
    return offsets, values


def values_of(column: pa.Array | pa.ChunkedArray) -> list[NDArray[Any]]:
    """Each text's value; the opposite of `column_of`."""
    offsets, values = parts_of(column)
    return [values[first:last] for first, last in itertools.pairwise(offsets)]
