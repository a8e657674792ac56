"""What one table costs who commits to it for many writers, and how fast stored vectors are found by their texts.

    python benchmarks/parts.py commit [--rows 10000000] [--part-rows 100000] [--results FOLDER]
    python benchmarks/parts.py lookups [--rows 1000000] [--results FOLDER]

`commit` writes made rows of 8 dimensions as the parts of a run, in processes of their own, and commits 64 parts at a time;
then, with indices made over the keys, one row in a hundred, of every fragment, is refreshed by one commit. `lookups` asks for vectors by `text_hash` without
the index over it and with it, also while rows are not folded into it yet.
"""

import argparse
import dataclasses
import hashlib
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
from rows import FINGERPRINT, add_results, median, row, spent, tell

from embedingest.store import key_index
from embedingest.store.fragments import PartCommit, commit_parts, committed_parts, current_version, write_rows
from embedingest.store.table import open_table
from embedingest.store.values import Changes

from record import Check

DIMENSIONS = 8
COMMIT_PARTS = 64
ASKED = 1_000  # texts of a look-up
TIMES = 15
TEXT = "A made text of the length of a sentence, which is all that is asked of it here."


def made(number):
    """A row whose id and text hash are spread as hashes are."""
    return dataclasses.replace(row(number, TEXT), id=hashed("id", number), text_hash=hashed("text", number))


def hashed(kind, number):
    return hashlib.blake2b(f"{kind} {number}".encode(), digest_size=16).hexdigest()


def opened(uri):
    return open_table(
        uri, "chunks", fingerprint=FINGERPRINT, dimensions=DIMENSIONS, create=True, read_consistency_seconds=0
    )


def added(first, count):
    vectors = np.random.default_rng(first).normal(size=(count, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Changes(add=[made(number) for number in range(first, first + count)], vectors=vectors)


def part(work):
    """One part of a run, written by a process of its own."""
    uri, version, number, changes = work
    with opened(uri) as table:
        written = write_rows(table.at(version), changes if isinstance(changes, Changes) else added(*changes))
    return PartCommit(number, written.fragments, written.delete_ids)


def tended(uri):
    """As upkeep does after such a run; in a process of its own, whose memory is not that of who commits."""
    with opened(uri) as table:
        key_index.build(table.handle)


def commit(arguments):
    uri = tempfile.mkdtemp(prefix="embedingest-parts-")
    try:
        tell(arguments, f"commit {arguments.rows:,}", *committed(arguments, uri))
    finally:
        shutil.rmtree(uri, ignore_errors=True)


def committed(arguments, uri):
    with opened(uri) as table:
        since = began = table.version
    size = arguments.part_rows
    numbers = range(arguments.rows // size)
    works = ((uri, began, number, (number * size, size)) for number in numbers)
    seconds = []
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        written = pool.imap(part, works)
        while some := list(islice(written, COMMIT_PARTS)):
            since = timed(seconds, uri, some, "made", since)
            print(f"  commit {len(seconds)}: {seconds[-1]:.2f} s", flush=True)
        known = committed_parts(uri, "chunks", "made", began)
        pool.apply(tended, [uri])
        since = current_version(uri, "chunks")
        fresh = [dataclasses.replace(made(number), title="Anew") for number in range(0, arguments.rows, 100)]
        work = (uri, since, 0, Changes(refresh=fresh))
        (refreshed,) = pool.map(part, [work])
    replaced = []
    timed(replaced, uri, [refreshed], "refreshed", since)
    with opened(uri) as table:
        rows, fragments = table.count(), table.stats().fragments
    assert rows == size * len(numbers), f"{rows} rows"
    assert known == set(numbers)
    manifests = [path.stat().st_size for path in Path(uri, "chunks.lance", "_versions").iterdir()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    figures = {
        "rows": rows, "part_rows": size, "fragments": fragments, "commits": len(seconds),
        "slowest_commit_s": round(max(seconds), 3), "median_commit_s": median(seconds),
        "refreshed_rows": len(fresh), "refreshing_commit_s": round(replaced[0], 3),
        "largest_manifest_mb": round(max(manifests) / 1e6, 3), "driver_peak_gib": round(peak, 3),
        "versions": current_version(uri, "chunks"),
    }  # fmt: skip
    checks = [
        Check("slowest commit", max(seconds + replaced), 5.0, at_most=True, unit="s"),
        Check("largest manifest", max(manifests) / 1e6, 5.0, at_most=True, unit="MB"),
        Check("peak memory of who commits", peak, 1.0, at_most=True, unit="GiB"),
    ]
    return figures, checks


def timed(seconds, uri, parts, run, since):
    started = time.perf_counter()
    version = commit_parts(uri, "chunks", parts, run=run, since=since)
    seconds.append(time.perf_counter() - started)
    return version


def lookups(arguments):
    uri = tempfile.mkdtemp(prefix="embedingest-parts-")
    try:
        tell(arguments, f"lookups {arguments.rows:,}", *looked_up(arguments, uri))
    finally:
        shutil.rmtree(uri, ignore_errors=True)


def looked_up(arguments, uri):
    with opened(uri) as table:
        for number in range(arguments.rows // 50_000):
            table.commit(added(number * 50_000, 50_000))
        without = asked(table, arguments.rows)
        started = time.perf_counter()
        key_index.build(table.handle)
        seconds = time.perf_counter() - started
        table.handle.lance.checkout_latest()
        with_index = asked(table, arguments.rows)
        later = arguments.rows // 20
        table.commit(added(arguments.rows, later))
        unfolded = asked(table, arguments.rows)
        started = time.perf_counter()
        table.handle.lance.optimize()
        folded = time.perf_counter() - started
    figures = {
        "rows": arguments.rows, "asked": ASKED, "without_index": without, "with_index": with_index,
        f"{later}_rows_not_folded": unfolded, "key_indices_made_s": round(seconds, 2), "folded_s": round(folded, 2),
    }  # fmt: skip
    ratio = without["p50_ms"] / with_index["p50_ms"]
    return figures, [Check("a look-up with the index against one without", ratio, 1.5)]


def asked(table, rows):
    """Time of looking up vectors of texts of which half are stored."""
    rng = np.random.default_rng(3)
    hashes = [[hashed("text", int(n)) for n in rng.integers(0, rows * 2, ASKED)] for _ in range(TIMES)]
    return spent(lambda number: table.vectors(hashes[number]), TIMES)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, action, rows in (("commit", commit, 10_000_000), ("lookups", lookups, 1_000_000)):
        command = commands.add_parser(name)
        command.add_argument("--rows", type=int, default=rows)
        add_results(command)
        command.set_defaults(action=action)
        if name == "commit":
            command.add_argument("--part-rows", type=int, default=100_000)
            command.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    arguments.action(arguments)


if __name__ == "__main__":
    main()
