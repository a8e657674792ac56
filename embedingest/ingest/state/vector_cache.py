"""A bounded cache of computed vectors on disk, by text hash, and of what else is computed of texts, by key.

Knows no texts and no table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedingest.ingest.packing import is_finite, packed, unpacked
from embedingest.ingest.state.disk_cache import DiskCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VectorCache"]


class VectorCache(DiskCache["NDArray[Any]"]):
    """Vectors, float32 (D,), by text hash, and the value of another key (`representation.py`)."""

    kind = "vector cache"
    large_bytes = 24 * 2**10
    """Longer than any vector: what is made of each token of a text, which would leave the vectors of twenty no room."""

    def _packed(self, key: str, value: NDArray[Any]) -> bytes:
        return packed(key, value)

    def _unpacked(self, key: str, blob: bytes) -> NDArray[Any] | None:
        vector = unpacked(key, blob)
        return vector if is_finite(vector) else None
