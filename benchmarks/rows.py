"""What the benchmarks of the table share: rows made in bulk from real vectors plus noise, and medians."""

import dataclasses
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from embedingest.store import schema as columns
from embedingest.store.table import open_table
from embedingest.store.values import Changes
from embedingest.types import Row

from record import RESULTS, Record

FINGERPRINT = "benchmark"
NOISE = 0.35  # length of the noise added to a unit vector: neighbours keep a cosine of about 0.94 to their original
BATCH = 50_000


def real(db, table="chunks"):
    """Vectors float32 (N, D) and texts of a table that embedingest made of real documents."""
    with open_table(db, table) as opened:
        found = opened.handle.lance.search().select(["text", "vector"]).to_arrow()
    flat = np.asarray(found.column("vector").combine_chunks().flatten(), dtype=np.float32)
    return flat.reshape(found.num_rows, -1), found.column("text").to_pylist()


def noisy(vectors, count, rng):
    """`count` unit vectors: real ones drawn with replacement, each with noise of its own."""
    width = vectors.shape[1]
    drawn = vectors[rng.integers(0, len(vectors), count)]
    moved = drawn + rng.normal(size=drawn.shape).astype(np.float32) * (NOISE / np.sqrt(width))
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def source(document):
    return f"docs/{document % 97}/{document}.md"


def row(number, text, length=200):
    said = text[:length]
    return Row(
        id=f"{number:032x}",
        source=source(number // 20),
        title=None,
        text=said,
        text_hash=f"{number * 31 + 7:032x}",
        content_hash="c" * 64,
        chunk_index=number % 20,
        chunk_count=20,
        start=0,
        end=len(said),
        line_start=1,
        line_end=2,
        page=None,
        heading_path=("Guide",),
        mime="text/plain",
        modified_at_ns=1_700_000_000_000_000_000,
        metadata="{}",
        fingerprint=FINGERPRINT,
        config_hash="f" * 32,
    )


def fill(folder, count, vectors, texts, seed=7, upkeep=None):
    """A table of `count` rows, written in large appends, tended once."""
    rng = np.random.default_rng(seed)
    table = open_table(
        folder,
        "chunks",
        fingerprint=FINGERPRINT,
        dimensions=vectors.shape[1],
        create=True,
        read_consistency_seconds=0,
        upkeep=upkeep,
    )
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        rows = [row(number, texts[number % len(texts)]) for number in range(start, start + size)]
        table.handle.lance.add(columns.table_of(rows, noisy(vectors, size, rng), table.schema, columns.now()))
    return table


def write_path(table, first, vectors, texts):
    """Twenty rows added, numbered from `first` on, and one document of twenty rows replaced.

    Tended as a watch does, outside the clock.
    """
    rng = np.random.default_rng(5)
    upkeep = dataclasses.replace(table.upkeep, index_rows=10**12)
    added, replaced = [], []
    for turn in range(40):
        numbers = range(first + turn * 20, first + turn * 20 + 20)
        rows = [row(number, texts[number % len(texts)]) for number in numbers]
        fresh = Changes(add=rows, vectors=noisy(vectors, 20, rng))
        added += milliseconds(lambda _, c=fresh: table.commit(c), 1)
        name = source(turn * 7 + 1)
        replaced += milliseconds(lambda _, s=name: replace(table, s, vectors, rng), 1)
        if turn % 8 == 7:
            table.maintain(upkeep)
    return {"add_20_ms": median(added[5:]), "replace_20_ms": median(replaced[5:])}


def replace(table, source, vectors, rng):
    """What an edit does: read the document's rows, add the changed ones, refresh the others, delete the gone."""
    rows = table.rows([source])[source]
    new = [dataclasses.replace(r, id=r.id[:-1] + "x", text_hash=r.text_hash[:-1] + "x") for r in rows[:2]]
    moved = [dataclasses.replace(r, line_start=r.line_start + 1) for r in rows[2:]]
    gone = [r.id for r in rows[:2]]
    table.commit(Changes(add=new, vectors=noisy(vectors, len(new), rng), refresh=moved, delete=gone))


def milliseconds(action, times):
    taken = []
    for number in range(times):
        started = time.perf_counter()
        action(number)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def spent(action, times):
    """The median and slowest time, and the processor time on average: on a machine that is not quiet only that counts."""
    before = time.process_time()
    taken = milliseconds(action, times)
    processor = (time.process_time() - before) * 1000 / times
    return {"p50_ms": median(taken), "slowest_ms": round(max(taken), 1), "processor_ms": round(processor, 2)}


def median(values):
    return round(statistics.median(values), 2)


def add_results(parser):
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")


def tell(arguments, name, result, checks=()):
    """Print a row, and keep it in this commit's result file under `table`."""
    print(json.dumps(result, indent=2))
    record = Record("table", arguments.results)
    record.told(name, result, checks)
    record.end()
