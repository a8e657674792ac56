"""What is done to vectors after the model: cut, normalise, check. Knows no model and no text.

The rows of N texts are vectors, float32 (N, D); or each is an array of its own length, in an array of objects (N,).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "RAGGED",
    "cosines",
    "cut",
    "empty_rows",
    "finite_rows",
    "joined",
    "normalise",
    "ragged",
    "rows_shape",
]

Vectors = NDArray[np.float32]

RAGGED: Final = 0
"""The `dimensions` of an encoder whose rows are arrays of different length."""

_LEAST_NORM: Final = 1e-12
_BLOCK_ROWS: Final = 4096  # in double precision all rows at once would need twice the memory of the answer


def normalise(vectors: Vectors) -> Vectors:
    """Every row at unit length, float32 (N, D); a zero row stays zero (case 106)."""
    unit = np.empty(vectors.shape, dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[start : start + _BLOCK_ROWS]
        norms = np.sqrt(np.einsum("nd,nd->n", block, block, dtype=np.float64))
        unit[start : start + _BLOCK_ROWS] = block * (1.0 / np.maximum(norms, _LEAST_NORM))[:, None]
    return unit


def cut(vectors: Vectors, dimensions: int | None) -> Vectors:
    """The first d numbers of each row at unit length, for 0 < d < D; any other d changes nothing (cases 109 to 111)."""
    if dimensions is None or not 0 < dimensions < vectors.shape[1]:
        return vectors
    return normalise(vectors[:, :dimensions])


def finite_rows(vectors: Vectors) -> NDArray[np.bool_]:
    """Which rows hold neither NaN nor infinity, bool (N,)."""
    if vectors.dtype == object:
        return np.fromiter((np.isfinite(row).all() for row in vectors), dtype=np.bool_, count=len(vectors))
    finite: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(vectors), axis=1)
    return finite


def cosines(left: Vectors, right: Vectors) -> NDArray[np.float64]:
    """Cosine of each row of `left` to the same row of `right`, float64 (N,); two zero rows count as equal."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    product = np.einsum("nd,nd->n", a, b)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    both_zero = ~a.any(axis=1) & ~b.any(axis=1)
    return np.where(both_zero, 1.0, product / np.maximum(norms, _LEAST_NORM))


def rows_shape(count: int, dimensions: int) -> tuple[int, ...]:
    """The shape of the rows of N texts: (N, D), or (N,) of arrays where `dimensions` is `RAGGED`."""
    return (count,) if dimensions == RAGGED else (count, dimensions)


def empty_rows(count: int, dimensions: int) -> NDArray[Any]:
    """Room for the rows of N texts, in the shape of `rows_shape`."""
    return np.empty(rows_shape(count, dimensions), dtype=object if dimensions == RAGGED else np.float32)


def ragged(rows: Sequence[NDArray[np.float32]]) -> NDArray[Any]:
    """Arrays of different length as one row each, an array of objects (N,)."""
    out = empty_rows(len(rows), RAGGED)
    for i, row in enumerate(rows):
        out[i] = row
    return out


def joined(rows: Sequence[NDArray[np.float32]] | NDArray[Any], *, width: int) -> tuple[NDArray[np.int64], Vectors]:
    """N arrays (T, W) one after another, float32 (M, W), and where each begins and the last ends, int64 (N + 1,)."""
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    whole = np.concatenate(list(rows)) if len(rows) else np.zeros((0, width), dtype=np.float32)
    return offsets, whole
