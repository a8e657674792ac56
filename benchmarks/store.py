"""The table's write path at several sizes, its size on disk after many small updates, and what large tables cost.

    python benchmarks/store.py upsert --real-db DB --sizes 10000 100000 1000000
    python benchmarks/store.py disk --real-db DB --updates 10000
    python benchmarks/store.py scale --corpus CORPUS.jsonl.gz --sizes 10000 1000000 10000000 [--float16]
    python benchmarks/store.py kinds --corpus CORPUS.jsonl.gz --rows 1000000

`scale` and `kinds` make their vectors from the corpus (see `vectors.py`). Ten million rows take some 25 GB of disk.
"""

import argparse
import dataclasses
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from rows import add_results, fill, median, milliseconds, noisy, real, row, source, tell

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


def scale(arguments):
    filler = made_rows(arguments)
    found = {}
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory(prefix="embedingest-scale-", dir=arguments.folder) as folder:
            found[size] = at_size(folder, size, filler, arguments)
        tell(arguments, scale_row(arguments, f"of {size:,} rows"), found[size], checks_of(found[size]))
    if len(found) > 1:
        least, most = min(found), max(found)
        ratio = {
            name: round(found[most]["upsert"][name] / found[least]["upsert"][name], 2) for name in found[most]["upsert"]
        }
        told = [Check(f"{n}, {most:,} rows against {least:,}", one, 2.0, at_most=True) for n, one in ratio.items()]
        tell(arguments, scale_row(arguments, "upsert by size"), {"ratio_largest_to_smallest": ratio}, told)


def scale_row(arguments, what):
    return f"scale, {'float16, ' if arguments.float16 else ''}{what}"


def made_rows(arguments):
    import large
    import vectors

    texts, _ = vectors.chunked(arguments.corpus)
    return large.Filler(vectors.of(arguments.corpus), texts)


def at_size(folder, size, filler, arguments):
    import large

    said = lambda what, value: print(f"  {size:,}: {what}: {value}", flush=True) or value  # noqa: E731
    started = time.perf_counter()
    filler.table(folder, size, float16=arguments.float16).close()
    found = {"rows": size, "fill_seconds": said("fill", round(time.perf_counter() - started, 1))}
    questions = filler.statistics.questions(arguments.questions, size)
    found["tend"] = said("tend", large.tended(folder, "maintain", questions))
    found["bytes_per_row"] = said("bytes per row", round(on_disk(Path(folder))["bytes"] / size))
    with large.opened(folder) as table:
        made = table.stats().vector_index
        found["index"] = None if made is None else {n: getattr(made, n) for n in made.__slots__}
        found["upsert"] = said("upsert", one_size(table, size, filler.statistics.real, filler.pool.to_pylist()))
        # So many rows that they are to be folded: a hundredth, or a thousand.
        first = -(-size // large.ROWS)
        filler.append(table, first, first * large.ROWS + max(1_000, size // 100))
        unfolded = {mode: large.asked(table, filler, questions, mode) for mode in ("vector", "text", "hybrid")}
        found["search_before_folding"] = said("search before folding", unfolded)
    found["fold"] = said("fold", large.tended(folder, "maintain", questions))
    with large.opened(folder) as table:
        found["search"] = said("search", asked_all(table, filler, questions))
    return found


def asked_all(table, filler, questions):
    import large

    page = 7
    truth, of_page = large.nearest(table, questions, page)
    return {
        "vector": large.searched(table, questions, truth),
        "filtered": large.searched(table, questions, of_page, filter=f"page = {page}"),
        **{mode: large.asked(table, filler, questions, mode) for mode in ("text", "hybrid")},
    }


def checks_of(found):
    search, checks = found["search"], []
    for name in ("vector", "filtered"):
        checks += [
            Check(f"recall@10, {name}", search[name]["recall_at_10"], 0.97, unit=""),
            Check(f"p50, {name}", search[name]["p50_ms"], 50.0, at_most=True, unit="ms"),
        ]
    for name in ("text", "hybrid"):
        checks.append(Check(f"p50, {name}", search[name]["p50_ms"], 50.0, at_most=True, unit="ms"))
    for name in ("tend", "fold"):
        checks += [
            Check(f"memory, {name}", found[name]["peak_mib"], 4096.0, at_most=True, unit="MiB"),
            Check(
                f"searches meanwhile that failed, {name}", found[name]["readers"]["failed"], 0, at_most=True, unit=""
            ),
        ]
    return checks


def kinds(arguments):
    import large
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
    with tempfile.TemporaryDirectory(prefix="embedingest-kinds-", dir=arguments.folder) as folder:
        with filler.table(folder, size, float16=arguments.float16) as table:
            questions = filler.statistics.questions(arguments.questions, size)
            truth, _ = large.nearest(table, questions, page=1)
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
    parser.add_argument("--folder", type=Path, default=None, help="where the tables lie meanwhile; default: temporary")
    add_results(parser)
    arguments = parser.parse_args()
    wanted = "real_db" if arguments.what in ("upsert", "disk") else "corpus"
    if getattr(arguments, wanted) is None:
        parser.error(f"{arguments.what} needs --{wanted.replace('_', '-')}")
    {"upsert": upsert, "disk": disk, "scale": scale, "kinds": kinds}[arguments.what](arguments)


if __name__ == "__main__":
    main()
