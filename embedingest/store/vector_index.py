"""The index over vectors: made above a size, measured against exact search on the table's own rows, remembered.

Knows no queries of users; `search` reads here how many partitions to look into.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import numpy as np

from embedingest.store.schema import VECTOR
from embedingest.store.values import VectorIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from embedingest.store.handle import TableHandle
    from embedingest.store.values import Upkeep

__all__ = ["VECTOR_INDEX", "build", "make", "partitions", "remembered", "wanted"]

_log = logging.getLogger(__name__)

VECTOR_INDEX: Final = "vector_idx"
_KEY: Final = b"embedingest:index"
_SAMPLE_ROWS: Final = 64
_NEAREST_ROWS: Final = 10
# A query is no row: rows are moved by a noise of this length first, which makes their neighbours harder to find.
_NOISE_LENGTH: Final = 0.7
_DISTANCE_TOLERANCE: Final = 1e-5
# LanceDB rounds a query of 16 bit vectors to 16 bits, too: a distance strays by 0.00002, the worst measured by 0.0002.
_HALF_TOLERANCE: Final = 3e-4
_PARTITION_ROWS: Final = 8_192
_BATCH_ROWS: Final = 16_384
# Tried in this order until the measured recall suffices: (partitions looked into, times the limit compared exactly).
_LADDER: Final = ((20, 20), (40, 40), (60, 40), (80, 40), (120, 80), (160, 160), (320, 320))


def remembered(schema: pa.Schema) -> VectorIndex | None:
    """How the table's vector index was made and measured; `None` where there is none."""
    raw = (schema.field(VECTOR).metadata or {}).get(_KEY)
    return VectorIndex(**json.loads(raw)) if raw else None


def wanted(rows: int, index: VectorIndex | None, indexed: bool, upkeep: Upkeep) -> bool:
    """Whether an index is to be made: there are rows enough, and none, or one for far fewer rows."""
    if rows < upkeep.index_rows:
        return False
    return not indexed or index is None or rows > index.rows * upkeep.outgrown


def make(table: TableHandle, rows: int) -> None:
    """Make the index for so many rows, in place of one that is there. Raises StoreError."""
    from lancedb.index import IvfRq

    config = IvfRq(distance_type="cosine", num_partitions=partitions(rows))
    with table.translated("index the vectors of"):
        table.lance.create_index(VECTOR, config=config, name=VECTOR_INDEX, replace=True)


def partitions(rows: int) -> int:
    """How many partitions an index over so many rows has.

    Fewer, larger ones than is usual: measured at a million rows, an eighth of the partitions builds in half the time
    and finds more with the same effort.
    """
    return max(4, min(4_096, rows // _PARTITION_ROWS))


def build(table: TableHandle, upkeep: Upkeep, make: Callable[[TableHandle, int], None] = make) -> VectorIndex:
    """Have the index made, measure it on real rows, and remember how to search it. Raises StoreError.

    Takes minutes for a million rows; other commits may go on meanwhile. Only the figures are written under the
    table's writing lock.
    """
    started = time.perf_counter()
    rows = table.count()
    make(table, rows)
    index = _measured(table, rows, upkeep.recall)
    with table.writing, table.translated("write to"):
        note = json.dumps(asdict(index), sort_keys=True)
        table.lance.update_field_metadata({"path": VECTOR, "metadata": {_KEY.decode(): note}})
    seconds = round(time.perf_counter() - started, 1)
    _log.info("vectors indexed", extra={"table": table.name, "seconds": seconds, **asdict(index)})
    return index


def _measured(table: TableHandle, rows: int, least_recall: float) -> VectorIndex:
    """The first way of `_LADDER` that reaches `least_recall`, or else the best of them."""
    queries = _sample(table, rows)
    truth = _exact(table, queries)
    tolerance = _HALF_TOLERANCE if table.identity.float16 else _DISTANCE_TOLERANCE
    best: VectorIndex | None = None
    for nprobes, refine in _LADDER:
        recall = _recall(truth, [_approximate(table, query, nprobes, refine) for query in queries], tolerance)
        if best is None or recall > best.recall:
            best = VectorIndex("IVF_RQ", rows, nprobes, refine, round(recall, 4), len(queries))
        if recall >= least_recall:
            break
    assert best is not None
    return best


def _sample(table: TableHandle, rows: int) -> NDArray[np.float32]:
    """Unit vectors (Q, D) near rows all over the table; the seed is fixed, so that two builds are measured alike."""
    rng = np.random.default_rng(0)
    offsets = rng.choice(rows, size=min(_SAMPLE_ROWS, rows), replace=False)
    with table.translated("read"):
        part = table.lance.take_offsets(sorted(int(offset) for offset in offsets)).select([VECTOR]).to_arrow()
    flat = np.asarray(part.column(VECTOR).combine_chunks().flatten(), dtype=np.float32)
    matrix = flat.reshape(part.num_rows, -1)
    matrix = matrix + rng.normal(size=matrix.shape).astype(np.float32) * (_NOISE_LENGTH / np.sqrt(matrix.shape[1]))
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


def _exact(table: TableHandle, queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine distances of each query's nearest rows, (Q, 10) ascending: one pass over the vectors for all."""
    nearest = np.full((len(queries), 0), np.inf, dtype=np.float32)
    with table.translated("read"):
        for batch in table.lance.search().select([VECTOR]).to_batches(batch_size=_BATCH_ROWS):
            column = batch.column(VECTOR)
            matrix = np.asarray(column.flatten(), dtype=np.float32).reshape(len(column), -1)
            lengths = np.maximum(np.linalg.norm(matrix, axis=1), np.finfo(np.float32).tiny)
            distances = 1 - (queries @ matrix.T) / lengths
            nearest = np.sort(np.concatenate([nearest, distances], axis=1), axis=1)[:, :_NEAREST_ROWS]
    return nearest


def _approximate(table: TableHandle, query: NDArray[np.float32], nprobes: int, refine: int) -> NDArray[np.float32]:
    """The distances of the rows that the index finds."""
    search = table.lance.search(query, vector_column_name=VECTOR, query_type="vector").distance_type("cosine")
    with table.translated("search"):
        nearest = search.nprobes(nprobes).refine_factor(refine).limit(_NEAREST_ROWS).select(["_distance"]).to_arrow()
    return np.asarray(nearest.column("_distance"), dtype=np.float32)


def _recall(truth: NDArray[np.float32], approximate: Sequence[NDArray[np.float32]], tolerance: float) -> float:
    """Mean share of the exact answers that were found: a row as near as the last exact one is one of them."""
    shares = [
        min(1.0, float((distances <= exact[-1] + tolerance).sum()) / len(exact))
        for exact, distances in zip(truth, approximate, strict=True)
    ]
    return float(np.mean(shares)) if shares else 1.0
