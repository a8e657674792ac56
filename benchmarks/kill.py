"""A kill campaign: SIGKILL at random moments of a real ingest with the real model, restarted each time.

At the end the table must equal a fresh ingest, with nothing lost and nothing doubled, and the lock must be free. Texts
are counted where the model computes them, in a file that outlives the process: all runs together may compute at most
what one clean run does, plus one batch of the engine a kill. Files are edited and moved between kills.

    python benchmarks/kill.py FOLDER [--kills 200] [--model all-minilm] [--seed 1] [--json]

Results go to benchmarks/results/<commit>.json. Exit code 1 when the campaign was not survived.
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedingest.store.lock import WriterLock
from embedingest.store.table import open_table

import record as records
from record import Check

ROOT = Path(__file__).resolve().parent.parent
BATCH_TEXTS = 64

CHILD = """
import os, sys
from pathlib import Path
base, model, docs = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
from embedingest.build.pipelines import open_pipeline
from embedingest.build.session import Session
from embedingest.config import Config, PipelineConfig, SourceConfig
from embedingest.engine.scheduling import scheduler
pipeline = PipelineConfig(sources=(SourceConfig(path=docs),), model=model, db=str(base / "lancedb"))
session = Session(Config(state=base, pipelines={"default": pipeline}))
session.engine.embed(["warm"], model=model)
counted = os.open(base / "computed", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
encode = scheduler.Scheduler._encode
def counting(self, batch):
    vectors = encode(self, batch)
    os.write(counted, b"%d\\n" % len(batch))
    return vectors
scheduler.Scheduler._encode = counting
print("ready", flush=True)
sys.stdin.readline()
with open_pipeline(session) as opened:
    report = opened.converge(allow_deletes=True)
print("done", report.embedded.texts, len(report.failures), flush=True)
session.close()
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--model", default="all-minilm")
    parser.add_argument("--longest", type=float, default=5.0, help="seconds of work before a kill, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("kill", arguments.results)
    with tempfile.TemporaryDirectory(prefix="bench-kill-") as base:
        result = campaign(Path(base), arguments)
    print(json.dumps(result) if arguments.json else "\n".join(f"{k:>24}  {v}" for k, v in result.items()))
    checks = [
        Check("kills survived with a table equal to a fresh ingest", float(result["equal_to_fresh"]), 1, unit=""),
        Check("texts computed again a kill", result["again_per_kill"], BATCH_TEXTS, at_most=True, unit="texts"),
    ]
    record.told(f"{arguments.kills} kills, {arguments.model}", result, checks)
    sys.exit(record.end() or (0 if result["sound"] else 1))


def campaign(base, arguments):
    chance = random.Random(arguments.seed)
    docs = base / "docs"
    docs.mkdir()
    reserve = sorted(path for path in arguments.folder.rglob("*") if path.is_file())
    chance.shuffle(reserve)
    share = max(1, len(reserve) // arguments.kills)
    killed = finished = 0
    began = time.monotonic()
    child = start(base, docs, arguments)
    for number in range(arguments.kills):
        arrive(docs, reserve, share, chance, number)
        following = start(base, docs, arguments)
        if (number + 1) % 20 == 0:
            print(f"  {number + 1} of {arguments.kills} kills, {time.monotonic() - began:.0f} s", flush=True)
        ended = run_until_killed(base, child, chance, arguments.longest)
        killed, finished = killed + (not ended), finished + ended
        child = following
    for path in reserve:
        shutil.copy(path, docs / f"{len(list(docs.iterdir()))}-{path.name}")
    finish(child)
    finish(start(base, docs, arguments))
    fresh = base / "fresh"
    fresh.mkdir()
    finish(start(fresh, docs, arguments))
    computed, clean = total(base), total(fresh)
    equal, rows = same(base, fresh)
    WriterLock(base / "lancedb", "chunks").acquire().release()
    # Between kills files were edited, so that some texts of the campaign are in no clean run of the end.
    allowed = clean + killed * BATCH_TEXTS + edited(base)
    return {
        "kills": killed,
        "runs_that_finished_first": finished,
        "rows": rows,
        "texts_computed": computed,
        "texts_of_a_clean_run": clean,
        "texts_computed_again": max(0, computed - clean - edited(base)),
        "again_per_kill": round(max(0, computed - clean - edited(base)) / max(1, killed), 1),
        "allowed": allowed,
        "equal_to_fresh": equal,
        "seconds": round(time.monotonic() - began, 1),
        "sound": equal and computed <= allowed,
    }


def start(base, docs, arguments):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(base), arguments.model, str(docs)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def go(child):
    assert child.stdout.readline() == "ready\n", "the program did not start"
    child.stdin.write("go\n")
    child.stdin.flush()


def run_until_killed(base, child, chance, longest):
    """Whether the run ended before it was killed: after some batches were computed, or some seconds, at random."""
    before = batches(base)
    go(child)
    batches_first, deadline = chance.randrange(8), time.monotonic() + longest
    while child.poll() is None and batches(base) < before + batches_first and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(chance.random() * 0.2)
    ended = child.poll() is not None
    child.send_signal(signal.SIGKILL)
    said = child.communicate()[0]
    return ended or "done" in said


def batches(base):
    counted = base / "computed"
    return counted.read_bytes().count(b"\n") if counted.exists() else 0


def finish(child):
    go(child)
    said = child.communicate(timeout=3600)[0]
    assert said.startswith("done"), said
    assert said.split()[2] == "0", said


def arrive(docs, reserve, share, chance, number):
    """Some new files; now and then a move, and an edit whose new text is counted."""
    for _ in range(share):
        if reserve:
            path = reserve.pop()
            shutil.copy(path, docs / f"{len(list(docs.iterdir()))}-{path.name}")
    present = sorted(docs.iterdir())
    if number % 5 == 0 and present:
        path = chance.choice(present)
        path.rename(docs / f"moved-{number}-{path.name}"[:200])
    if number % 7 == 0 and present:
        path = chance.choice(sorted(docs.iterdir()))
        with path.open("a") as file:
            file.write(f"\n\nA paragraph that was appended at step {number}.\n")


def edited(base):
    """An upper bound for texts that an edit replaced: each appended paragraph may have changed two chunks."""
    appended = sum("appended at step" in path.read_text("utf-8", "replace") for path in (base / "docs").iterdir())
    return 2 * appended


def total(base):
    return sum(int(line) for line in (base / "computed").read_text().split())


def same(base, fresh):
    ours, theirs = contents(base), contents(fresh)
    return ours == theirs, len(ours)


def contents(base):
    with open_table(base / "lancedb", "chunks", read_consistency_seconds=0) as table:
        sources = list(table.source_states())
        rows = [row for first in range(0, len(sources), 200) for row in flat(table.rows(sources[first : first + 200]))]
        assert len(rows) == table.count()
    by_id = {row.id: row for row in rows}
    assert len(by_id) == len(rows), "doubled rows"
    return by_id


def flat(by_source):
    return [row for rows in by_source.values() for row in rows]


if __name__ == "__main__":
    main()
