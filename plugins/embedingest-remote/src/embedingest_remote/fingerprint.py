"""What a server runs, told by its answers alone: the shape of a few vectors. Knows no server."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sketch"]


def sketch(vectors: NDArray[np.float32]) -> str:
    """The same for vectors (N, D) that differ by rounding, another for another model's.

    Of each vector the largest numbers by size are named, with their signs, down to the widest gap between two of
    them: rounding moves no number across such a gap.
    """
    said = [str(vectors.shape[1])]
    for vector in vectors:
        order = np.argsort(-np.abs(vector), kind="stable")[:17]
        sizes = np.abs(vector[order])
        cut = 4 + int(np.argmax(sizes[3:-1] - sizes[4:])) if len(order) > 5 else len(order)
        said.append(",".join(sorted(f"{i}{'+' if vector[i] > 0 else '-'}" for i in order[:cut])))
    return f"probed-{hashlib.sha256('|'.join(said).encode()).hexdigest()[:32]}"
