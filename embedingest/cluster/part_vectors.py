"""What a part need not compute of its texts, and what is its to compute. Computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from embedingest.cluster.launcher import Claims
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.state.vector_cache import VectorCache
    from embedingest.store.table import ChunkTable

__all__ = ["RECENT_BYTES", "Found", "PartVectors", "RecentVectors"]

RECENT_BYTES: Final = 256 * 2**20
"""Of vectors that a node computed lately and keeps, so that a text that comes again is not computed again."""


class RecentVectors:
    """What a node computed lately, by key (`ingest/representation.py`), in `most` bytes; the oldest goes first."""

    def __init__(self, most: int = RECENT_BYTES) -> None:
        self._most: Final = most
        self._values: dict[str, NDArray[Any]] = {}
        self._bytes = 0

    def get(self, keys: Collection[str]) -> dict[str, NDArray[Any]]:
        """Those of these keys that are still there."""
        return {key: self._values[key] for key in keys if key in self._values}

    def keep(self, values: Mapping[str, NDArray[Any]]) -> None:
        for key, value in values.items():
            if key not in self._values:
                self._values[key] = value
                self._bytes += value.nbytes
        while self._bytes > self._most:
            oldest = next(iter(self._values))
            self._bytes -= self._values.pop(oldest).nbytes


class Found(NamedTuple):
    """Of some keys: the values that are `known`, and which are to be computed, by this part (`mine`) or by `others`."""

    known: dict[str, NDArray[Any]]
    mine: set[str]
    others: set[str]


class PartVectors:
    """Looks keys of one part up: among what this node computed lately, in the cache where it has one, in the table at
    the part's version, in claims.

    A key that was computed while this part was at work, and whose value is kept no more, is for `others`: it is in the
    table for whoever comes later.
    """

    def __init__(
        self,
        recipe: Recipe,
        table: ChunkTable,
        recent: RecentVectors,
        claims: Claims,
        part: int,
        cache: VectorCache | None = None,
    ) -> None:
        self._recipe = recipe
        self._table = table if table.count() else None
        self._recent = recent
        self._claims = claims
        self._part = part
        self._cache = cache
        self._computed: set[str] = set()

    def find(self, keys: Collection[str]) -> Found:
        """Raises StoreError."""
        known = self._recent.get(keys)
        missing = [key for key in keys if key not in known]
        for place in (self._cached, self._stored):
            known |= place(missing)
            missing = [key for key in missing if key not in known]
        mine = self._claims.claim(missing, self._part) - self._computed if missing else set()
        return Found(known, mine, {*missing} - mine)

    def computed(self, keys: Iterable[str]) -> None:
        """The engine gave something for these: whoever asked for them has it, and it is kept for others."""
        self._computed.update(keys)

    def _cached(self, keys: Collection[str]) -> dict[str, NDArray[Any]]:
        if self._cache is None or not keys:
            return {}
        return self._recipe.fitting(self._cache.get(keys))

    def _stored(self, keys: Collection[str]) -> dict[str, NDArray[Any]]:
        if self._table is None or not keys:
            return {}
        return {
            representation.key(text_hash): value
            for representation, hashes in self._recipe.by_representation(keys)
            for text_hash, value in self._table.vectors(hashes, representation.column).items()
        }
