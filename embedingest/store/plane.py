"""Vectors in two dimensions: the plane in which they lie furthest apart (their first two principal components).

Pure: knows arrays, no rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Plane", "plane_of"]

_MOST_STEPS: Final = 24
_SETTLED: Final = 1e-4
"""The axes are found when a step turns them by no more. Those that do not settle differ from others by very little."""
_MORE_AXES: Final = 14
"""So many are looked for beside the two, which makes these settle sooner."""
_NO_SPREAD: Final = 1e-6
"""Vectors that differ by less than this part of their length differ by rounding alone."""


@dataclass(frozen=True, slots=True)
class Plane:
    """`mean` (D,), two `axes` (2, D) of length 1 at right angles, and the `shares` of the spread along each.

    An axis along which nothing spreads is all zeros, and its share is 0.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    shares: tuple[float, float]

    def places(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Where vectors (N, D) lie in the plane, (N, 2)."""
        return np.asarray((vectors - self.mean) @ self.axes.T, dtype=np.float64)


def plane_of(vectors: NDArray[np.float32], before: Plane | None = None) -> Plane:
    """The plane of vectors (N, D), all of them numbers.

    The same vectors give the same plane. It is turned and mirrored in itself so that it lies as the plane `before` did:
    who looks again at a table that changed a little finds everything in its place. Without one, the greatest component
    of each axis points up.
    """
    width = vectors.shape[1]
    axes, shares = np.zeros((2, width)), np.zeros(2)
    if len(vectors) == 0:
        return Plane(np.zeros(width), axes, (0.0, 0.0))
    mean = vectors.mean(axis=0, dtype=np.float64)
    spread = (vectors - mean).astype(np.float32)
    total = float(np.sum(spread * spread, dtype=np.float64))
    length = float(np.sum(vectors * vectors, dtype=np.float64))
    if total > _NO_SPREAD**2 * length:
        found, values = _principal(spread)
        kept = values > _NO_SPREAD * np.sqrt(length)
        axes[: len(found)][kept] = found[kept]
        shares[: len(found)][kept] = np.minimum(1.0, values[kept] ** 2 / total)
    turned = _upright(axes) if before is None else _alike(axes, before.axes)
    return Plane(mean, turned, (float(shares[0]), float(shares[1])))


def _principal(spread: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first two right singular vectors, at most, and their values: by steps that each cost one look at the data.

    A whole decomposition of wide vectors would take seconds for what nobody looks at.
    """
    rows, width = spread.shape
    count = min(2 + _MORE_AXES, width, rows)
    axes = _begun(width, count)
    for _ in range(_MOST_STEPS):
        turned, _ = np.linalg.qr(spread.T @ (spread @ axes))
        moved = np.linalg.norm(turned[:, :2] - axes[:, :2] @ (axes[:, :2].T @ turned[:, :2]))
        axes = turned
        if moved < _SETTLED:
            break
    _, values, right = np.linalg.svd((spread @ axes).astype(np.float64), full_matrices=False)
    return np.asarray((right @ axes.T)[:2], dtype=np.float64), np.asarray(values[:2], dtype=np.float64)


def _begun(width: int, count: int) -> NDArray[np.float32]:
    """Axes to begin with, (D, K), the same each time."""
    begun = np.random.default_rng(0).normal(size=(width, count))
    return np.asarray(np.linalg.qr(begun)[0], dtype=np.float32)


def _upright(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    greatest = axes[np.arange(len(axes)), np.argmax(np.abs(axes), axis=1)]
    return np.asarray(axes * np.where(greatest < 0, -1.0, 1.0)[:, None], dtype=np.float64)


def _alike(axes: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.float64]:
    """The axes turned or mirrored within their plane, so that they agree best with those before."""
    if not axes.any(axis=1).all() or axes.shape != before.shape:
        return _upright(axes)
    left, _, right = np.linalg.svd(before @ axes.T)
    return np.asarray((left @ right) @ axes, dtype=np.float64)
