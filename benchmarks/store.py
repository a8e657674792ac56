"""The table's write path at several sizes, and its size on disk after many small updates.

python benchmarks/store.py upsert --real-db DB --sizes 10000 100000 1000000
python benchmarks/store.py disk --real-db DB --updates 10000
"""

import argparse
import dataclasses
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from rows import add_results, fill, median, milliseconds, noisy, real, row, tell

from embedingest.store.values import Changes, Upkeep

from record import Check


def upsert(arguments):
    vectors, texts = real(arguments.real_db)
    found = {}
    for size in arguments.sizes:
        folder = Path(tempfile.mkdtemp(prefix="embedingest-store-"))
        try:
            # The vector index has no part in a write; leaving it out saves minutes.
            table = fill(folder, size, vectors, texts)
            keys_only(table)
            found[size] = one_size(table, size, vectors, texts)
            table.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(size, found[size], flush=True)
    least, most = min(found), max(found)
    ratio = {name: round(found[most][name] / found[least][name], 2) for name in ("add_20_ms", "replace_20_ms")}
    checks = [Check(f"{name}, {most:,} rows against {least:,}", one, 2.0, at_most=True) for name, one in ratio.items()]
    tell(arguments, "upsert", {"sizes": found, "ratio_largest_to_smallest": ratio}, checks)


def keys_only(table):
    from embedingest.store.maintain import index_keys, needs

    upkeep = dataclasses.replace(table.upkeep, index_rows=10**12)
    table.maintain(upkeep)
    if needs(table.stats(), Upkeep()).key_indices:
        index_keys(table.handle)


def one_size(table, size, vectors, texts):
    """Twenty rows added, and one document of twenty rows replaced; tended as a watch does, outside the clock."""
    rng = np.random.default_rng(5)
    upkeep = dataclasses.replace(table.upkeep, index_rows=10**12)
    added, replaced = [], []
    for turn in range(40):
        first = size + turn * 20
        rows = [row(number, texts[number % len(texts)]) for number in range(first, first + 20)]
        fresh = Changes(add=rows, vectors=noisy(vectors, 20, rng))
        added += milliseconds(lambda _, c=fresh: table.commit(c), 1)
        source = f"docs/{turn * 7 + 1}.md"
        replaced += milliseconds(lambda _, s=source: replace(table, s, vectors, rng), 1)
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


def disk(arguments):
    vectors, texts = real(arguments.real_db)
    rng = np.random.default_rng(5)
    size, retention = 10_000, 2.0
    folder = Path(tempfile.mkdtemp(prefix="embedingest-disk-"))
    try:
        table = fill(folder / "used", size, vectors, texts, upkeep=Upkeep(retention_seconds=retention))
        table.maintain()
        started, upkeep, most = time.perf_counter(), 0.0, 0
        for turn in range(arguments.updates):
            number = int(rng.integers(0, size))
            changed = row(number, texts[(number + turn) % len(texts)])
            table.commit(Changes(add=[changed], vectors=noisy(vectors, 1, rng)))
            upkeep += milliseconds(lambda _: table.maintain(), 1)[0]
            if turn % 500 == 0:
                most = max(most, on_disk(folder / "used")["bytes"])
        spent = time.perf_counter() - started
        table.optimize()  # what it replaces stays readable for the retention window, and goes after that
        time.sleep(retention + 0.5)
        table.optimize()
        fresh = fill(folder / "fresh", size, vectors, texts)
        fresh.maintain()
        used, new = on_disk(folder / "used"), on_disk(folder / "fresh")
        rows = table.count()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ratio = {name: round(used[name] / new[name], 2) for name in new}
    tell(
        arguments,
        "disk",
        {
            "updates": arguments.updates,
            "rows": rows,
            "ms_per_update_upkeep_included": round(spent * 1000 / arguments.updates, 2),
            "ms_per_update_of_upkeep": round(upkeep / arguments.updates, 2),
            "most_bytes_on_the_way": most,
            "after": used,
            "fresh": new,
            "ratio": ratio,
        },
        [Check(f"{name} against a fresh table", one, 1.5, at_most=True) for name, one in ratio.items()],
    )


def on_disk(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["upsert", "disk"])
    parser.add_argument("--real-db", required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--updates", type=int, default=10_000)
    add_results(parser)
    arguments = parser.parse_args()
    {"upsert": upsert, "disk": disk}[arguments.what](arguments)


if __name__ == "__main__":
    main()
