"""How long from saving a file until a reader of the table finds what was saved: p50, p95, worst, over real saves.

`embedingest watch` runs in a process of its own, as a user runs it; this process saves files, each in the next of
several editors' ways, and asks the table. With `--backfill N` the same is measured while N new files are ingested.
The table is asked by source, which any search of the new text would be able to do at that moment too.

    python benchmarks/freshness.py [FOLDER] [--model NAME] [--saves 100] [--backfill 0] [--settle-ms 300]

Results go to benchmarks/results/<commit>.json.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedingest.store.table import open_table

import record as records
from record import Check

WORDS = (Path(__file__).resolve().parent.parent / "ARCHITECTURE.md").read_text().split()
READY_SECONDS = 300


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="real documents to stand beside; default: made-up ones")
    parser.add_argument("--model", default="all-minilm")
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--backfill", type=int, default=0, help="files that arrive at the moment measuring begins")
    parser.add_argument("--settle-ms", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("freshness", arguments.results)
    with tempfile.TemporaryDirectory(prefix="freshness-") as base:
        result = measure(Path(base), arguments)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>24}  {value}")
    row = f"backfill of {arguments.backfill} files" if arguments.backfill else "idle watcher"
    checks = [Check("save to searchable, p95", result["p95_ms"], result["target_p95_ms"], at_most=True, unit="ms"),
              Check("saves never seen", result["never_seen"], 0, at_most=True, unit="saves")]  # fmt: skip
    record.told(f"{row}, {arguments.model}", result, checks)
    sys.exit(record.end() or (0 if result["within_target"] else 1))


def measure(base, arguments):
    chance = random.Random(1)
    docs, db = base / "docs", base / "out" / "lancedb"
    if arguments.folder:
        shutil.copytree(arguments.folder, docs)
    notes = [docs / "notes" / f"note{number}.md" for number in range(20)]
    for number, note in enumerate(notes):
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(prose(chance, 300, f"Note {number}"))
    with watching(docs, base / "out", db, arguments) as process:
        table = wait_for_table(db, process, notes)
        waits, failures = [], 0
        if arguments.backfill:
            for number in range(arguments.backfill):
                path = docs / "backfill" / f"d{number % 50}" / f"f{number}.md"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(prose(chance, 400, f"Backfill {number}"))
            time.sleep(1.0)
        rows = table.count()
        for number in range(arguments.saves):
            note, marker = notes[number % len(notes)], f"marker{chance.getrandbits(64):016x}"
            save(number, note, note.read_text().rsplit("\n\n", 1)[0] + f"\n\nThe last words are {marker}.")
            waited = wait_for(table, source(docs, note), marker, process)
            failures += waited is None
            waits += [] if waited is None else [waited]
            if not arguments.backfill:
                time.sleep(chance.uniform(0.05, 0.25))
        at_end = table.count()
        table.close()
    return summary(arguments, waits, failures, rows, at_end)


def summary(arguments, waits, failures, rows, at_end):
    waits.sort()
    allowed = arguments.settle_ms + (1500 if arguments.backfill else 300)
    p95 = waits[int(len(waits) * 0.95) - 1] * 1000
    return {
        "saves": arguments.saves,
        "never_seen": failures,
        "settle_ms": arguments.settle_ms,
        "p50_ms": round(statistics.median(waits) * 1000),
        "p95_ms": round(p95),
        "worst_ms": round(waits[-1] * 1000),
        "target_p95_ms": allowed,
        "rows_before_and_after": f"{rows} {at_end}",
        "backfill_files": arguments.backfill,
        "within_target": not failures and p95 <= allowed,
    }


class watching:  # noqa: N801 -- reads as a word in a with statement
    """The program as a user starts it."""

    def __init__(self, docs, state, db, arguments):
        command = [sys.executable, "-m", "embedingest", "watch", str(docs), "--state", str(state), "--db", str(db)]
        command += ["--model", arguments.model, "--settle-ms", str(arguments.settle_ms)]
        self.command = command

    def __enter__(self):
        root = str(Path(__file__).resolve().parent.parent)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
        self.process = subprocess.Popen(
            self.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        return self.process

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=60)
        if self.process.returncode:
            print(said[-2000:], file=sys.stderr)


def save(number, path, text):
    """As an editor does: in place, aside and over, or with a backup that goes again."""
    if number % 3 == 0:
        path.write_text(text)
    elif number % 3 == 1:
        aside = path.with_name(f".{path.name}.new")
        aside.write_text(text)
        aside.rename(path)
    else:
        backup = path.with_name(path.name + "~")
        path.rename(backup)
        path.write_text(text)
        backup.unlink()


def wait_for(table, name, marker, process, seconds=30.0):
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        if any(marker in row.text for row in table.rows([name]).get(name, ())):
            return time.perf_counter() - began
        if process.poll() is not None:
            raise SystemExit(f"watch ended: {process.stderr.read()[-2000:]}")
        time.sleep(0.004)
    return None


def wait_for_table(db, process, notes):
    began = time.monotonic()
    while time.monotonic() - began < READY_SECONDS:
        if process.poll() is not None:
            raise SystemExit(f"watch ended: {process.stderr.read()[-2000:]}")
        if db.exists() and list(db.glob("*.lance")):
            table = open_table(str(db), "chunks", read_consistency_seconds=0)
            names = [f"docs/notes/{note.name}" for note in notes]
            while time.monotonic() - began < READY_SECONDS:
                if len(table.rows(names)) == len(names):
                    quiet(table)
                    return table
                time.sleep(0.1)
        time.sleep(0.1)
    raise SystemExit("the first ingest did not end in time")


def quiet(table):
    """Until the first ingest is over: no new row for two seconds."""
    before, since = table.count(), time.monotonic()
    while time.monotonic() - since < 2.0:
        time.sleep(0.2)
        now = table.count()
        if now != before:
            before, since = now, time.monotonic()


def source(docs, path):
    return f"docs/{path.relative_to(docs).as_posix()}"


def prose(chance, words, title):
    text = " ".join(chance.choices(WORDS, k=words)).replace("#", "")
    middle = len(text) // 2
    return f"# {title}\n\n{text[:middle]}\n\n{text[middle:]}\n\nThe last words are none."


if __name__ == "__main__":
    main()
