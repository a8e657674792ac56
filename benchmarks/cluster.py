"""Runs on several nodes of this machine: speed-up, what the nodes cost, a driver over millions of rows, a hundred kills.

    python benchmarks/cluster.py [--only sleeping overhead rows kills] [--small] [--kills 100] [--on processes]

`sleeping`: an encoder that takes 50 ms a text and no processor, so that nodes do not share what is measured. `overhead`:
one node with all-minilm against the single process, by what twice the documents take longer. `rows`: ten million made rows of
8 dimensions in the table, and what memory a driver takes over them, and commits that refresh a hundred thousand. `kills`: SIGKILL of nodes and of the driver, at random; at the end
the table must equal a fresh ingest by one process in every column. With `--small` all of it takes two minutes, and the
figures say little. Results go to benchmarks/results/<commit>.json. Exit code 1 when a table was not what it should be.
"""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil

from tests.cluster.acceptance.documents import OLD, edit, library, marked
from tests.cluster.acceptance.encoders import Counted, Deadly, Sleeping, encoded, tellings
from tests.cluster.acceptance.places import MAX_TOKENS, SMALL, Place, counted
from tests.cluster.acceptance.tables import differences
from tests.installed import Site

import record as records
from record import Check

ROOT = Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help="default: all")
    parser.add_argument("--small", action="store_true", help="only to see that it works")
    parser.add_argument("--kills", type=int, default=None, help="default: 100, or 6 of a small run")
    parser.add_argument("--on", default="processes", choices=["processes", "ray"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("cluster", arguments.results)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    rows = {}
    for part in arguments.only:
        name = f"{part}, on {arguments.on}{', small' if arguments.small else ''}"
        rows[name] = in_folder(record, name, PARTS[part], arguments)
    sys.exit(records.run(record, rows))


def in_folder(record, name, measure, arguments):
    def row():
        base = Path(tempfile.mkdtemp(prefix="bench-cluster-"))
        try:
            record.told(name, *measure(base, arguments))
        finally:
            shutil.rmtree(base, ignore_errors=True)

    return row


def plugins(base):
    site = Site(base / "plugins")
    site.folder.mkdir(parents=True)
    encoders = {one.__name__.lower(): f"{one.__module__}:{one.__name__}" for one in (Counted, Deadly, Sleeping)}
    site.install("trial-encoders", "1.0", "encoders", encoders)
    return str(site.folder)


# -- speed-up


def sleeping(base, arguments):
    """Texts a second of 1, 2, 4 and 8 nodes, from when the last of them encodes until the last text is done."""
    documents, sleep, nodes = (400, 0.02, (1, 2)) if arguments.small else (1_600, 0.05, (1, 2, 4, 8))
    docs, found = library(base / "docs", documents), {}
    parts = 20 * max(nodes)
    sizes = sum(path.stat().st_size for path in docs.rglob("*") if path.is_file())
    for count in nodes:
        run = {"nodes": count, "part_bytes": sizes // parts, "commit_parts": parts}
        place = counted(Place(base / f"{count}", docs, run=run), plugins(base / f"{count}-site"))
        place.top = {"plugins": ["sleeping"], "models": {"counted": {"encoder": "sleeping"}}}
        place.environment["TRIAL_SECONDS"] = str(sleep)
        began = time.monotonic()
        ended = place.ingest(arguments.on).done()
        found[count] = {"texts": ended.texts, "seconds": round(time.monotonic() - began, 1), "results": len(place.results()),
                        **rates(tellings(place.texts))}  # fmt: skip
        print(f"  {count} nodes: {found[count]}", flush=True)
    one = found[1]["texts_a_second"]
    targets = {2: 1.9, 4: 3.7, 8: 7.0}
    checks = [
        Check(f"{count} nodes against one", found[count]["texts_a_second"] / one, targets[count]) for count in nodes[1:]
    ]
    return {"seconds_a_text": sleep, "by_nodes": found}, checks


def rates(told):
    """Of texts that were encoded by several processes: how many, and how fast, starts left out."""
    first = Counter()
    for telling in told:
        first.setdefault(telling.process, telling.at)
    began, ended = max(first.values()), max(telling.at for telling in told)
    counted_texts = sum(telling.at > began for telling in told)
    return {"processes": len(first), "texts_a_second": round(counted_texts / (ended - began), 2)}


# -- what a node costs


def overhead(base, arguments):
    """Tokens a second of one node and of the single process, turn by turn: what the second half of the documents takes."""
    few, turns = (60, 1) if arguments.small else (1_500, 3)
    seconds, tokens = {}, {}
    for size in (few, 2 * few):
        library(base / f"{size}" / "docs", size)
    for turn in range(turns):
        for on in ("", arguments.on):
            for size in (few, 2 * few):
                docs = base / f"{size}" / "docs"
                place = Place(base / f"{turn}-{on or 'one'}-{size}", docs, model="all-minilm", run={"nodes": 1})
                began = time.monotonic()
                ended = place.ingest(on).done()
                seconds.setdefault((on, size), []).append(time.monotonic() - began)
                tokens[size] = ended.report["embedded"]["tokens"]
                if size == few and turn == 0 and on:
                    one = Place(base / f"{turn}-one-{size}", docs)
                    assert not differences(one.rows(), place.rows()), "another table than that of one process"
    more = tokens[2 * few] - tokens[few]
    found = {
        on or "one process": round(
            more / (statistics.median(seconds[on, 2 * few]) - statistics.median(seconds[on, few]))
        )
        for on in ("", arguments.on)
    }
    ratio = found[arguments.on] / found["one process"]
    figures = {"tokens": tokens, "tokens_a_second": found, "turns": turns,
               "seconds": {f"{on or 'one process'}, {size}": [round(s, 2) for s in many] for (on, size), many in seconds.items()}}  # fmt: skip
    return figures, [Check("one node against one process", ratio, 0.9)]


# -- a driver over many rows


COMMIT = """
import json, sys
from pathlib import Path
from embedingest.store.coverage import cover_keys
from embedingest.store.fragments import PartCommit, commit_parts, current_version
from embedingest.store.pylance import opened
db, files = sys.argv[1], sorted(Path(sys.argv[2]).glob("*.json"))
parts = [PartCommit(number, json.loads(file.read_text())) for number, file in enumerate(files)]
commit_parts(db, "chunks", parts, run="made", since=current_version(db, "chunks"))
cover_keys(db, "chunks", run="made")
opened(db, "chunks").create_scalar_index("text", "INVERTED", name="text_idx", replace=True, with_position=False)
"""


def rows(base, arguments):
    """Runs into a table of many made rows: the first knows nothing of it yet, the second refreshes rows of every document.

    The index over vectors is left out: a table has it or not, whoever writes to it.
    """
    count, part, documents = (200_000, 20_000, 20) if arguments.small else (10_000_000, 100_000, 1_000)
    docs = in_sections(base / "docs", documents)
    run = {"nodes": 2, "commit_parts": 10_000, "commit_seconds": 3_600}
    pipeline = {"chunk": {"max_tokens": MAX_TOKENS}, "store": {"index_rows": 100 * count}}
    place = Place(base / "many", docs, model="tiny", run=run, pipeline=pipeline)
    place.top = {"models": {"tiny": {"encoder": "hashing", "options": {"dimensions": 8}}}}
    spent = [time.monotonic()]
    place.ingest(arguments.on).done()
    spent.append(told("documents", spent[-1]))
    schema = place.rows().schema
    for number in range(count // part):
        write_made(place, schema, range(number * part, (number + 1) * part), base / "made" / f"{number:05}.json")
    command = [sys.executable, "-c", COMMIT, place.db, str(base / "made")]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    spent.append(told("made rows", spent[-1]))
    write_section(docs / "new.md", documents)
    peaks, commits, refreshed = [], [], []
    for step in ("unknown", "refreshed", "unchanged"):
        if step == "refreshed":
            for file in docs.glob("*.md"):
                os.utime(file, (OLD + 60, OLD + 60))
        running = place.start(arguments.on)
        peaks.append(peak_of(running))
        report = running.wait().done().report
        commits.append(report["seconds"].get("commit", 0.0))
        refreshed.append(report["chunks"]["refreshed"])
        spent.append(told(f"{step}: {peaks[-1]:.0f} MiB, {report['seconds']}", spent[-1]))
        assert (report["embedded"]["texts"] > 0) == (step == "unknown"), report
    own = place.rows_count() - count
    assert refreshed == [0, own, 0], (refreshed, own)
    assert own >= SECTIONS * documents, own
    manifest = max(path.stat().st_size for path in (Path(place.db) / "chunks.lance" / "_versions").glob("*.manifest"))
    figures = {"rows": place.rows_count(), "sources": count // ROWS_A_SOURCE + documents + 1, "refreshed_rows": refreshed[1],
               "driver_peak_mib": [round(peak) for peak in peaks], "commit_s": [round(seconds, 2) for seconds in commits],
               "manifest_bytes": manifest}  # fmt: skip
    print(f"  {figures}", flush=True)
    return figures, [
        Check("driver's peak memory", max(peaks), 1024, at_most=True, unit="MiB"),
        Check("slowest commit", max(commits), 5, at_most=True, unit="s"),
        Check("manifest", manifest / 1e6, 5, at_most=True, unit="MB"),
    ]


ROWS_A_SOURCE = 20
SECTIONS = 100


def told(what, since):
    now = time.monotonic()
    print(f"  {what}: {now - since:.1f} s", flush=True)
    return now


def in_sections(folder, documents):
    """Documents of a hundred sections, each of which is a chunk."""
    for number in range(documents):
        write_section(folder / f"{number:05}.md", number)
    return folder


def write_section(file, number):
    file.parent.mkdir(exist_ok=True)
    text = [f"# Part {part}\n\n{'water ' * 64}of {number} and {part}.\n" for part in range(SECTIONS)]
    file.write_text("\n".join(text))
    os.utime(file, (OLD, OLD))


def write_made(place, schema, numbers, file):
    """Rows of another root, as one part of a run writes them; `file` gets the fragments."""
    import lance
    import pyarrow as pa

    count, chance = len(numbers), np.random.default_rng(numbers.start)
    now, zeros = (
        pa.scalar(datetime(2026, 1, 1, tzinfo=UTC), schema.field("modified_at").type),
        np.zeros(count, np.int64),
    )
    vectors = pa.array(chance.normal(size=8 * count).astype(np.float32))
    same = {
        "content_hash": "0" * 64, "chunk_count": ROWS_A_SOURCE, "heading_path": [], "mime": "text/markdown", "metadata": "{}",
        "modified_at": now, "ingested_at": now, "start": 0, "end": 20, "fingerprint": "hashing-1-8:exact", "config_hash": "0" * 32,
    }  # fmt: skip
    made = {
        "id": hashes(chance, count), "text_hash": hashes(chance, count),
        "source": pa.array([f"made/{number // ROWS_A_SOURCE:08}.md" for number in numbers]),
        "text": pa.array([f"This is text {number % 1_000}." for number in numbers]),
        "vector": pa.FixedSizeListArray.from_arrays(vectors, 8),
        "chunk_index": pa.array([number % ROWS_A_SOURCE for number in numbers]),
    }  # fmt: skip
    columns = [
        made[one.name].cast(one.type) if one.name in made else pa.array([same.get(one.name)], one.type).take(zeros)
        for one in schema
    ]
    dataset = lance.dataset(f"{place.db}/chunks.lance")
    written = lance.fragment.write_fragments(pa.Table.from_arrays(columns, schema=schema), dataset, mode="append")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps([json.dumps(fragment.to_json()) for fragment in written]))


def hashes(chance, count):
    """So many keys, spread as hashes are."""
    import pyarrow as pa

    places = pa.py_buffer(np.arange(0, 32 * count + 1, 32, dtype=np.int32))
    return pa.Array.from_buffers(
        pa.string(), count, [None, places, pa.py_buffer(chance.bytes(16 * count).hex().encode())]
    )


def peak_of(running):
    """The most memory that the driver had, in MiB, its nodes left out."""
    peak = 0
    while not running.ended:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{running.process.pid}/status").read_text())
        peak = int(found[1]) if found else peak
        time.sleep(0.01)
    return peak / 1024


# -- kills


def kills(base, arguments):
    """Nodes and drivers killed at random while documents arrive, change and go."""
    wanted = arguments.kills or (6 if arguments.small else 100)
    chance = random.Random(arguments.seed)
    docs = library(base / "docs", 300 if arguments.small else 600)
    place = counted(Place(base / "many", docs, run={**SMALL, "attempts": 100}), plugins(base))
    killed, moments, wrong, runs, compared = Counter(), Counter(), [], 0, 0
    began, running = time.monotonic(), None
    while sum(killed.values()) < wanted:
        if running is None or running.ended:
            if running is not None:
                wrong += finished(running)
            change(docs, chance, runs)
            if runs % 10 == 9:
                wrong += compare(place, arguments.on, f"after {sum(killed.values())} kills")
                compared += 1
            running, runs = place.start(arguments.on, "--allow-deletes"), runs + 1
        who, moment = chance.choice(["node", "driver"]), chance.choice(["result", "version", "time"])
        if not wait_for(place, running, moment, chance):
            continue
        nodes = running.nodes()
        if who == "driver":
            running.kill()
            outlive(running, wrong)
            running = None
        elif nodes:
            chance.choice(nodes).kill()
        else:
            continue
        killed[who] += 1
        moments[f"{who}, {moment}"] += 1
        if sum(killed.values()) % 10 == 0:
            print(f"  {sum(killed.values())} kills, {time.monotonic() - began:.0f} s, wrong: {wrong}", flush=True)
    if running is not None:
        wrong += finished(running)
    wrong += compare(place, arguments.on, "at the end")
    again = len(encoded(place.texts)) - len(set(encoded(place.texts)))
    figures = {"kills": dict(killed), "moments": dict(moments), "runs": runs, "compared": compared + 1, "wrong": wrong,
               "texts": len(set(encoded(place.texts))), "texts_computed_again": again,
               "rows": place.rows().num_rows, "seconds": round(time.monotonic() - began, 1)}  # fmt: skip
    print(f"  {figures}", flush=True)
    if wrong:
        raise AssertionError(f"not survived: {wrong}")
    return figures, [
        Check("kills", sum(killed.values()), wanted, unit="kills"),
        Check("kills not survived", len(wrong), 0, at_most=True, unit="kills"),
    ]


def wait_for(place, running, moment, chance):
    """Until a part result or a version of the table was written, or some time passed; whether the run is still under way."""
    results, versions, enough = len(place.results()), place.versions(), chance.randrange(1, 4)
    deadline = time.monotonic() + (chance.uniform(0, 6) if moment == "time" else 60)
    while not running.ended and time.monotonic() < deadline:
        if moment == "result" and len(place.results()) >= results + enough:
            break
        if moment == "version" and place.versions() > versions:
            break
        time.sleep(0.002)
    time.sleep(chance.choice([0, 0, 0.003, 0.03]))
    return not running.ended


def outlive(running, wrong):
    """What the driver started is to end with it."""
    deadline = time.monotonic() + 30
    while (left := [process for process in running.family() if not is_agent(process)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    if left:
        wrong.append(f"outlived the driver: {[process.cmdline()[:4] for process in left]}")
        for process in left:
            process.kill()


def is_agent(process):
    """Whether it is one of Ray's own, which look for the rest of Ray every now and then, and end by themselves."""
    with suppress(psutil.Error):
        return process.cmdline()[:1] in (["ray::DashboardAgent"], ["ray::RuntimeEnvAgent"])
    return False


def finished(running):
    """What is wrong with the end of a run. One whose nodes were killed before they were up, three times, may give up."""
    ended = running.wait()
    fine = ended.code == 0 or (ended.code == 3 and "no node could be started (SIGKILL)" in ended.said)
    return [] if fine else [f"ended with {ended.code}: {ended.said[-500:]}"]


def change(docs, chance, step):
    """Some documents come, change, move and go before a run."""
    edit(docs, 0.05, seed=step + 10)
    for number in range(60):
        marked(docs / "more", f"word-{step}-{number}-{chance.randrange(10**6)}")


def compare(place, on, when):
    """What differs from what one process makes of the documents, once a run on many nodes has ended by itself."""
    wrong = finished(place.start(on, "--allow-deletes"))
    fresh = place.beside(f"fresh-{time.monotonic_ns()}")
    fresh = counted(fresh, place.environment["PYTHONPATH"])
    fresh.ingest().done()
    wrong += [f"{when}: {what}" for what in differences(fresh.rows(), place.rows())]
    shutil.rmtree(fresh.folder)
    return wrong


PARTS = {"sleeping": sleeping, "overhead": overhead, "rows": rows, "kills": kills}


if __name__ == "__main__":
    main()
