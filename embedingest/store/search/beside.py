"""Asks the columns beside the vector: which rows share weighted terms with a query, and whose tokens are like its."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from embedingest.store.extras import entries_of, parts_of
from embedingest.store.search.fusion import Scored
from embedingest.store.values import LATE, SPARSE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from embedingest.store.handle import TableHandle
    from embedingest.store.search.fusion import Candidate

    Terms = tuple[NDArray[np.int32], NDArray[np.float32]]
    """The tokens of a query, and how much each weighs."""

__all__ = ["by_terms", "by_tokens"]

_BATCH_ROWS: Final = 16_384
_NAMES: Final = ("id", "source", "text_hash")
_ADDRESS: Final = "_rowid"


def by_terms(table: TableHandle, where: Any, terms: Terms, depth: int) -> list[Scored]:
    """The best `depth` rows and one more by the dot product of weights, of those that have a term of the query.

    `where` is LanceDB's form of a filter, or `None`.
    The column is read through: LanceDB has no index over weighted terms, and one over words ranks by other measures.
    """
    weights = _spread(*terms)
    search = table.lance.search()
    if where is not None:
        search = search.where(where)
    reader = search.with_row_id(True).select([*_NAMES, SPARSE]).to_batches(batch_size=_BATCH_ROWS)
    best: list[Scored] = []
    for batch in reader:
        scores = _dot(batch.column(SPARSE), weights)
        places = np.flatnonzero(scores > 0)
        if len(places) > depth + 1:
            # Rows as good as the last one wanted stay with it: whoever asked settles ties.
            least = np.partition(scores[places], -(depth + 1))[-(depth + 1)]
            places = places[scores[places] >= least]
        found = batch.select([*_NAMES, _ADDRESS]).take(pa.array(places))
        columns = (found.column(name).to_pylist() for name in _NAMES)
        best += map(Scored, *columns, scores[places].tolist(), found.column(_ADDRESS).to_pylist())
    best.sort(key=lambda row: -row.score)
    return best[: depth + 1]


def _spread(tokens: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weight of each token up to the query's last, and 0 for whatever lies beyond."""
    spread = np.zeros(int(tokens.max(initial=0)) + 2, np.float32)
    spread[tokens] = weights
    return spread


def _dot(column: pa.Array, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The dot product of each row's terms with these weights, float32 (N,)."""
    offsets, terms = entries_of(column)
    tokens, weighed = (terms.field(place).to_numpy(zero_copy_only=False) for place in range(2))
    products = weights[np.minimum(tokens, len(weights) - 1)] * weighed
    scores = np.zeros(len(column), np.float32)
    filled = np.flatnonzero(np.diff(offsets))
    if len(filled):
        scores[filled] = np.add.reduceat(products, offsets[filled])
    return scores


def by_tokens(table: TableHandle, query: NDArray[np.float32], candidates: Iterable[Candidate]) -> list[Scored]:
    """The rows of these candidates with their MaxSim: the sum, over the query's tokens, of the best cosine of a row's.

    `query` is (T, D).

    LanceDB computes it too, and takes some twenty times as long for the same rows. A row that was written again since
    it was found is left out.
    """
    addresses = {candidate.id: candidate.address for candidate in candidates}
    if not addresses:
        return []
    taken = table.lance.take_row_ids(list(addresses.values()))
    rows = taken.select([*_NAMES, LATE]).to_arrow()
    offsets, vectors = parts_of(rows.column(LATE))
    likeness = query @ vectors.astype(np.float32).T
    found: list[Scored] = []
    names = zip(*(rows.column(name).to_pylist() for name in _NAMES), strict=True)
    for (row_id, source, text_hash), (first, last) in zip(names, itertools.pairwise(offsets), strict=True):
        if row_id in addresses and first < last:
            score = float(likeness[:, first:last].max(axis=1).sum())
            found.append(Scored(row_id, source, text_hash, score, addresses[row_id]))
    return found
