"""Real history under `watch`: commits of a repository checked out one after another into a followed folder.

At some points between, and at the end, the table must equal a fresh ingest of the folder. The weightless model: this
is about what is noticed, not about vectors.

    python benchmarks/replay.py REPOSITORY [--commits 300] [--points 20] [--json]
"""

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedingest.build import Workshop, open_pipeline
from embedingest.config import Config, PipelineConfig, SourceConfig
from embedingest.store.table import open_table

IN_TIME = 60.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", type=Path)
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="bench-replay-"))
    try:
        result = replay(base, arguments)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(json.dumps(result) if arguments.json else "\n".join(f"{k:>24}  {v}" for k, v in result.items()))
    sys.exit(0 if result["equal_at"] == result["points"] else 1)


def git(repository, *words):
    run = subprocess.run(["git", "-C", str(repository), *words], capture_output=True, text=True, check=True)
    return run.stdout


def config_of(docs, out):
    pipeline = PipelineConfig(
        sources=(SourceConfig(path=docs),),
        model="hashing",
        db=str(out / "lancedb"),
        watch={"settle_ms": 50, "confirm_share": 1.0},
    )
    return Config(state=out, pipelines={"default": pipeline})


def replay(base, arguments):
    work = base / "work"
    subprocess.run(["git", "clone", "-q", "--shared", str(arguments.repository), str(work)], check=True)
    history = git(work, "rev-list", "--first-parent", "--reverse", "HEAD").split()[-arguments.commits :]
    span = f"{history[0]}..{history[-1]}"
    changes = git(work, "log", "--first-parent", "-m", "-M", "--name-status", "--format=", span)
    every = max(1, len(history) // arguments.points)
    git(work, "checkout", "-q", history[0])
    stop, reports = threading.Event(), []
    workshop = Workshop(config_of(work, base / "out"))
    thread = threading.Thread(target=follow, args=(workshop, stop, reports))
    thread.start()
    began, points, equal = time.monotonic(), 0, 0
    try:
        until_equal(base, work)
        for number, commit in enumerate(history[1:], 1):
            git(work, "checkout", "-q", "--force", commit)
            time.sleep(0.05)
            if number % every == 0 or commit == history[-1]:
                points += 1
                equal += until_equal(base, work)
    finally:
        stop.set()
        thread.join()
        workshop.close()
    return {
        "commits": len(history),
        "renamed_or_deleted": sum(line[:1] in "RD" for line in changes.splitlines()),
        "points": points,
        "equal_at": equal,
        "reports": len(reports),
        "texts_embedded": sum(report.embedded["texts"] for report in reports),
        "texts_reused": sum(report.embedded["reused"] for report in reports),
        "seconds": round(time.monotonic() - began, 1),
    }


def follow(workshop, stop, reports):
    with open_pipeline(workshop, stop=stop) as pipeline:
        reports.extend(pipeline.follow())


def until_equal(base, work):
    """Whether the followed table comes to equal a fresh ingest of the folder in time."""
    fresh = base / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    workshop = Workshop(config_of(work, fresh))
    with open_pipeline(workshop) as pipeline:
        pipeline.converge()
    workshop.close()
    should = contents(fresh)
    deadline = time.monotonic() + IN_TIME
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            if contents(base / "out") == should:
                return True
        time.sleep(0.2)
    return False


def contents(out):
    with open_table(out / "lancedb", "chunks", read_consistency_seconds=0) as table:
        sources = list(table.source_states())
        rows = table.rows(sources)
    return {row.id: row for found in rows.values() for row in found}


if __name__ == "__main__":
    main()
