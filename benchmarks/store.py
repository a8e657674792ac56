"""The table's write path at several sizes, its size on disk after many small updates, and what large tables cost.

    python benchmarks/store.py upsert --real-db DB --sizes 10000 100000 1000000
    python benchmarks/store.py disk --real-db DB --updates 10000
    python benchmarks/store.py scale --corpus CORPUS.jsonl.gz --sizes 10000 1000000 10000000 [--float16]
    python benchmarks/store.py kinds --corpus CORPUS.jsonl.gz --rows 1000000

`scale` and `kinds` make their vectors from the corpus (see `vectors.py`). Ten million rows take some 25 GB of disk and the
better part of an hour: `--keep FOLDER` keeps tables there for the next run, and with `--make` nothing is timed. So a table
is made beside other work, and timed with the same command without `--make` when the machine is quiet.
"""

import argparse
import contextlib
import dataclasses
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from rows import add_results, fill, milliseconds, noisy, real, row, tell, write_path

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
            found[size] = write_path(table, size, vectors, texts)
            table.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(size, found[size], flush=True)
    least, most = min(found), max(found)
    ratio = {name: round(found[most][name] / found[least][name], 2) for name in ("add_20_ms", "replace_20_ms")}
    checks = [Check(f"{name}, {most:,} rows against {least:,}", one, 2.0, at_most=True) for name, one in ratio.items()]
    tell(arguments, "upsert", {"sizes": found, "ratio_largest_to_smallest": ratio}, checks)


def keys_only(table):
    from embedingest.store import key_index
    from embedingest.store.maintain import needs

    upkeep = dataclasses.replace(table.upkeep, index_rows=10**12)
    table.maintain(upkeep)
    if needs(table.stats(), Upkeep()).key_indices:
        key_index.build(table.handle)


def disk(arguments):
    import large

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
                most = max(most, large.on_disk(folder / "used")["bytes"])
        spent = time.perf_counter() - started
        table.optimize()  # what it replaces stays readable for the retention window, and goes after that
        time.sleep(retention + 0.5)
        table.optimize()
        fresh = fill(folder / "fresh", size, vectors, texts)
        fresh.maintain()
        used, new = large.on_disk(folder / "used"), large.on_disk(folder / "fresh")
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


def scale(arguments):
    import sized

    filler, found = made_rows(arguments), {}
    for rows in arguments.sizes:
        with kept_in(arguments) as folder:
            table = sized.Sized(Path(folder) / kept_name(arguments, rows), rows, filler, arguments.float16)
            before = table.is_made
            made = table.made(arguments.questions)
            if arguments.make:
                continue
            timed = table.timed()
        found[rows] = timed["upsert"]
        what = f"of {rows:,} rows" + (", made before" if before else "")
        tell(arguments, scale_row(arguments, what), {"made": made, **timed}, sized.targets(made, timed))
    if len(found) > 1:
        least, most = min(found), max(found)
        ratio = {name: round(found[most][name] / found[least][name], 2) for name in ("add_20_ms", "replace_20_ms")}
        told = [Check(f"{n}, {most:,} rows against {least:,}", one, 2.0, at_most=True) for n, one in ratio.items()]
        tell(arguments, scale_row(arguments, "upsert by size"), {"ratio_largest_to_smallest": ratio}, told)


def kept_in(arguments):
    """Where tables lie: in the folder that keeps them, or for as long as they are needed."""
    if arguments.keep is not None:
        return contextlib.nullcontext(arguments.keep)
    return tempfile.TemporaryDirectory(prefix="embedingest-store-", dir=arguments.folder)


def kept_name(arguments, rows):
    return f"{rows}-rows{'-float16' if arguments.float16 else ''}"


def scale_row(arguments, what):
    return f"scale, {'float16, ' if arguments.float16 else ''}{what}"


def made_rows(arguments):
    import large
    import vectors

    texts, _ = vectors.chunked(arguments.corpus)
    return large.Filler(vectors.of(arguments.corpus), texts)


def kinds(arguments):
    import large
    import sized
    from lancedb.index import HnswSq, IvfPq, IvfRq, IvfSq

    filler, size = made_rows(arguments), arguments.rows
    parts = {"distance_type": "cosine", "num_partitions": max(4, size // 8_192)}
    configs = {
        "IVF_RQ": IvfRq(**parts),
        "IVF_SQ": IvfSq(**parts),
        "IVF_PQ": IvfPq(**parts, num_sub_vectors=96),
        "IVF_HNSW_SQ": HnswSq(**parts),
    }
    found = {}
    with kept_in(arguments) as kept:
        made = sized.Sized(Path(kept) / kept_name(arguments, size), size, filler, arguments.float16)
        made.made(arguments.questions)
        questions, truth, _ = made.asked()
        with made.copied() as folder, large.opened(folder) as table:
            for name, config in configs.items():
                found[name] = large.of_kind(table, config, questions, truth)
                print(name, found[name], flush=True)
    tell(arguments, f"kinds of index, {'float16, ' if arguments.float16 else ''}{size:,} rows", found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["upsert", "disk", "scale", "kinds"])
    parser.add_argument("--real-db", help="for upsert and disk: a database that embedingest made of real documents")
    parser.add_argument("--corpus", type=Path, help="for scale and kinds")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--float16", action="store_true")
    parser.add_argument("--folder", type=Path, help="where the tables lie meanwhile; default: temporary")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="of scale and kinds: where tables are kept")
    parser.add_argument("--make", action="store_true", help="of scale, with --keep: make the tables and time nothing")
    add_results(parser)
    arguments = parser.parse_args()
    wanted = "real_db" if arguments.what in ("upsert", "disk") else "corpus"
    if getattr(arguments, wanted) is None:
        parser.error(f"{arguments.what} needs --{wanted.replace('_', '-')}")
    if arguments.make and arguments.keep is None:
        parser.error("--make needs --keep: what is made would be gone")
    {"upsert": upsert, "disk": disk, "scale": scale, "kinds": kinds}[arguments.what](arguments)


if __name__ == "__main__":
    main()
