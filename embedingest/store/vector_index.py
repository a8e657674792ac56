"""The index over vectors: made above a size, measured against exact search on the table's own rows, remembered.

Knows no questions of users; `search` asks it how many partitions to look into.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.store.schema import VECTOR
from embedingest.store.values import VectorIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from embedingest.store.table import ChunkTable
    from embedingest.store.values import Upkeep

__all__ = ["VECTOR_INDEX", "build", "remembered", "wanted"]

log = logging.getLogger(__name__)

VECTOR_INDEX: Final = "vector_idx"
_KEY: Final = b"embedingest:index"
_SAMPLE: Final = 64
_NEAREST: Final = 10
# A question is no row: rows are moved by a noise of this length first, which makes their neighbours harder to find.
_NOISE: Final = 0.7
_TOLERANCE: Final = 1e-5
_PARTITION_ROWS: Final = 8_192
# Tried in this order until the measured recall suffices: (partitions looked into, times the limit compared exactly).
_LADDER: Final = ((40, 40), (80, 80), (160, 160), (320, 320))


def remembered(schema: pa.Schema) -> VectorIndex | None:
    """How the table's vector index was made and measured; `None` where there is none."""
    raw = (schema.field(VECTOR).metadata or {}).get(_KEY)
    return VectorIndex(**json.loads(raw)) if raw else None


def wanted(rows: int, made: VectorIndex | None, indexed: bool, upkeep: Upkeep) -> bool:
    """Whether an index is to be made: there are rows enough, and none, or one for far fewer rows."""
    if rows < upkeep.index_rows:
        return False
    return not indexed or made is None or rows > made.rows * upkeep.outgrown


def build(table: ChunkTable, upkeep: Upkeep) -> VectorIndex:
    """Make the index, measure it on real rows, and remember how to ask it.

    Takes minutes for a million rows; other commits may go on meanwhile. Only the figures are written under the
    table's writing lock.
    """
    started = time.perf_counter()
    rows = table.count()
    with table.translated("index the vectors of"):
        table.lance.create_index(VECTOR, config=_config(rows), name=VECTOR_INDEX, replace=True)
    made = _measured(table, rows, upkeep.recall)
    with table.writing, table.translated("write to"):
        said = json.dumps(asdict(made), sort_keys=True)
        table.lance.update_field_metadata({"path": VECTOR, "metadata": {_KEY.decode(): said}})
    seconds = round(time.perf_counter() - started, 1)
    log.info("vectors indexed", extra={"table": table.name, "seconds": seconds, **asdict(made)})
    return made


def _config(rows: int) -> Any:
    from lancedb.index import IvfRq

    # Fewer, larger partitions: measured at a million rows, an eighth of the partitions builds in half the time and
    # finds more with the same effort.
    return IvfRq(distance_type="cosine", num_partitions=max(4, min(4_096, rows // _PARTITION_ROWS)))


def _measured(table: ChunkTable, rows: int, enough: float) -> VectorIndex:
    questions = _sample(table, rows)
    truth = _exact(table, questions)
    best: VectorIndex | None = None
    for nprobes, refine in _LADDER:
        recall = _recall(truth, [_approximate(table, question, nprobes, refine) for question in questions])
        if best is None or recall > best.recall:
            best = VectorIndex("IVF_RQ", rows, nprobes, refine, round(recall, 4), len(questions))
        if recall >= enough:
            break
    assert best is not None
    return best


def _sample(table: ChunkTable, rows: int) -> NDArray[np.float32]:
    """Unit vectors (Q, D) near rows all over the table; the seed is fixed, so that two builds are measured alike."""
    rng = np.random.default_rng(0)
    places = rng.choice(rows, size=min(_SAMPLE, rows), replace=False)
    with table.translated("read"):
        found = table.lance.take_offsets(sorted(int(p) for p in places)).select([VECTOR]).to_arrow()
    flat = np.asarray(found.column(VECTOR).combine_chunks().flatten(), dtype=np.float32)
    matrix = flat.reshape(found.num_rows, -1)
    matrix = matrix + rng.normal(size=matrix.shape).astype(np.float32) * (_NOISE / np.sqrt(matrix.shape[1]))
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


def _exact(table: ChunkTable, questions: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine distances of each question's nearest rows, (Q, 10) ascending: one pass over the vectors for all."""
    nearest = np.full((len(questions), 0), np.inf, dtype=np.float32)
    with table.translated("read"):
        for batch in table.lance.search().select([VECTOR]).to_batches(batch_size=16_384):
            column = batch.column(VECTOR)
            matrix = np.asarray(column.flatten(), dtype=np.float32).reshape(len(column), -1)
            lengths = np.maximum(np.linalg.norm(matrix, axis=1), np.finfo(np.float32).tiny)
            distances = 1 - (questions @ matrix.T) / lengths
            nearest = np.sort(np.concatenate([nearest, distances], axis=1), axis=1)[:, :_NEAREST]
    return nearest


def _approximate(table: ChunkTable, question: NDArray[np.float32], nprobes: int, refine: int) -> NDArray[np.float32]:
    """The distances of the rows that the index finds."""
    asked = table.lance.search(question, vector_column_name=VECTOR, query_type="vector").distance_type("cosine")
    with table.translated("search"):
        found = asked.nprobes(nprobes).refine_factor(refine).limit(_NEAREST).select(["_distance"]).to_arrow()
    return np.asarray(found.column("_distance"), dtype=np.float32)


def _recall(truth: NDArray[np.float32], found: Sequence[NDArray[np.float32]]) -> float:
    """Mean share of the exact answers that were found: a row as near as the last exact one is one of them."""
    shares = [
        min(1.0, float((one <= exact[-1] + _TOLERANCE).sum()) / len(exact))
        for exact, one in zip(truth, found, strict=True)
    ]
    return float(np.mean(shares)) if shares else 1.0
