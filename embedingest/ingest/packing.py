"""Representations of texts as bytes, and one compared with another. Knows no models and no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.ingest.representation import column_of
from embedingest.store.terms import TERM
from embedingest.store.values import LATE, SPARSE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["is_finite", "packed", "similarity", "unpacked"]

_WIDTH_BYTES: Final = 4


def packed(key: str, value: NDArray[Any]) -> bytes:
    """The bytes of a value; those of a vector are its numbers alone."""
    column = column_of(key)
    if column == SPARSE:
        return value.astype(TERM, copy=False).tobytes()
    if column == LATE:
        width = int(value.shape[1])
        return width.to_bytes(_WIDTH_BYTES, "little") + value.astype("<f2", copy=False).tobytes()
    return np.asarray(value, dtype="<f4").tobytes()


def unpacked(key: str, data: bytes) -> NDArray[Any]:
    """The opposite of `packed`. Raises ValueError for bytes that are none of such a value."""
    column = column_of(key)
    if column == SPARSE:
        return np.frombuffer(data, dtype=TERM)
    if column == LATE:
        width = int.from_bytes(data[:_WIDTH_BYTES], "little")
        return np.frombuffer(data, dtype="<f2", offset=_WIDTH_BYTES).reshape(-1, width)
    return np.frombuffer(data, dtype="<f4")


def is_finite(value: NDArray[Any]) -> bool:
    """Whether every number of a value is one."""
    return bool(np.isfinite(value["weight"] if value.dtype == TERM else value).all())


def similarity(one: NDArray[Any], other: NDArray[Any]) -> float:
    """How alike two values of one representation are: 1 for the same, by the cosine; 0 for those of unlike shape."""
    if one.dtype == TERM:
        tokens = np.union1d(one["token"], other["token"])
        one, other = (_spread(value, tokens) for value in (one, other))
    if one.shape != other.shape:
        return 0.0
    a, b = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else float(not (a.any() or b.any()))


def _spread(value: NDArray[Any], tokens: NDArray[np.int32]) -> NDArray[np.float32]:
    weights = np.zeros(len(tokens), np.float32)
    weights[np.searchsorted(tokens, value["token"])] = value["weight"]
    return weights
