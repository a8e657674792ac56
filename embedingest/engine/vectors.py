"""What is done to vectors after the model: cut, normalise, check. Knows no model and no text."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["cosines", "cut", "finite_rows", "normalise"]

Vectors = NDArray[np.float32]

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
    finite: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(vectors), axis=1)
    return finite


def cosines(left: Vectors, right: Vectors) -> NDArray[np.float64]:
    """Cosine of each row of `left` to the same row of `right`, float64 (N,); two zero rows count as equal."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    product = np.einsum("nd,nd->n", a, b)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    both_zero = ~a.any(axis=1) & ~b.any(axis=1)
    return np.where(both_zero, 1.0, product / np.maximum(norms, _LEAST_NORM))
