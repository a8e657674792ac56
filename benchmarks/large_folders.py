"""Large folders: 100 000 files of 2 KB for the first time, again, and under a watch at rest; a million paths listed.

The weightless model, each command in a process of its own. Memory is the peak of the command with its workers, shared
pages counted once, against that of a thousand files. The second run is held against `find`, which prints size and time
of every file: the whole process, and its look at the folder alone as the report tells it. At rest, switches are
voluntary ones of all threads of the watch and its workers, processor time is theirs; the second run's look is
added as often as a sweep of that length comes. `idle` is a watch with the default model, which is let go when idle.

    python benchmarks/large_folders.py [--files 100000] [--paths 1000000] [--rows first second rest idle listed]

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
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import scale

from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.state.journal import FileState, Journal, stat_facts
from embedingest.ingest.watch.presence import Presence

import record as records
from record import Check

FEW = 1_000
BYTES = 2_048
REST_SECONDS = 60
QUIET_SECONDS = 15


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--rows", nargs="+", choices=["first", "second", "rest", "idle", "listed"], help="only these")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("large_folders", arguments.results)
    base = Path(tempfile.mkdtemp(prefix="bench-large-"))
    stage = Stage(base, arguments.files)
    rows = {
        "first": lambda: record.told("first", *first(stage)),
        "second": lambda: record.told("second", *second(stage)),
        "rest": lambda: record.told("rest", *rest(stage)),
        "idle": lambda: record.told("idle", *idle(base)),
        "listed": lambda: record.told("listed", *listed(base / "listed", arguments.paths)),
    }
    try:
        code = records.run(record, {name: rows[name] for name in arguments.rows or rows})
    finally:
        shutil.rmtree(base)
    sys.exit(code)


class Stage:
    """The folders and tables that rows share, each made when it is first asked for."""

    def __init__(self, base, files):
        self.base, self.files = base, files

    @cached_property
    def few(self):
        """What the first run over a thousand files took."""
        return self._first("few", FEW)

    @cached_property
    def many(self):
        return self._first("many", self.files)

    @cached_property
    def look(self):
        """Runs in which nothing changed, and `find`, one after the other."""
        assert self.many
        find = ["find", str(self.base / "many"), "-type", "f", "-printf", "%s %T@\n"]
        ours, theirs, nothing = [], [], []
        for _ in range(5):
            theirs.append(timed(find))
            nothing.append(timed(["true"]))
            ours.append(self.ingest("many"))
            assert ours[-1]["said"]["files"]["unchanged"] == self.files, ours[-1]["said"]["files"]
        return ours, statistics.median(theirs) - statistics.median(nothing)

    def ingest(self, name):
        return scale.command("ingest", str(self.base / name), "--model", "hashing", "--json", *self.tables(name))

    def tables(self, name):
        return ["--state", str(self.base / f"{name}-out"), "--db", str(self.base / f"{name}-out" / "lancedb")]

    def _first(self, name, files):
        write(self.base / name, files)
        time.sleep(0.1)
        run = self.ingest(name)
        assert run["said"]["files"]["new"] == files, run["said"]["files"]
        return run


def write(docs, files):
    """Files of 2 KB, a hundred a folder, of words drawn from a vocabulary that grows with their number."""
    chance = random.Random(7)
    for number in range(files):
        path = docs / f"d{number % max(1, files // 100)}" / f"f{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        words = (f"{chance.choice(STEMS)}{chance.choice(ENDS)}" for _ in range(BYTES // 5))
        path.write_text(f"# File {number}\n\n{' '.join(words)}"[: BYTES - 1] + "\n")


STEMS = [a + b + c for a in "bdfglmnprst" for b in "aeiou" for c in ("n", "r", "st", "ll", "m")]
ENDS = ["", "", "a", "en", "ing", "ed", "s", "ion", "er"]


def timed(command):
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def first(stage):
    few, many = stage.few, stage.many
    figures = {
        "files": stage.files, "seconds": many["seconds"], "processor_seconds": many["processor"], "mib": many["mib"],
        "few_mib": few["mib"], "stages": many["said"]["seconds"],
        "files_a_second": round(stage.files / many["seconds"], 1), "memory_of_few": round(many["mib"] / few["mib"], 3),
    }  # fmt: skip
    return figures, [
        Check("files a second", figures["files_a_second"], 1500, unit="files/s"),
        Check(f"peak memory against {FEW:,} files", figures["memory_of_few"], 1.15, at_most=True),
    ]


def second(stage):
    ours, find = stage.look
    whole = statistics.median(run["seconds"] for run in ours)
    look = statistics.median(run["said"]["seconds"]["scan"] for run in ours)
    figures = {
        "seconds": whole, "processor_seconds": statistics.median(run["processor"] for run in ours),
        "mib": max(run["mib"] for run in ours), "look_seconds": look, "find_seconds": round(find, 4),
        "process_of_find": round(whole / find, 2), "look_of_find": round(look / find, 2),
    }  # fmt: skip
    return figures, [
        Check("whole process against find", figures["process_of_find"], 2.0, at_most=True),
        Check("its look at the folder against find", figures["look_of_find"], 2.0, at_most=True),
    ]


def rest(stage):
    ours, _ = stage.look
    watch = scale.start(
        "watch", str(stage.base / "many"), "--model", "hashing", "--json", *stage.tables("many"), stdout=subprocess.PIPE
    )
    try:
        json.loads(watch.stdout.readline())
        time.sleep(QUIET_SECONDS)
        switches, used = activity(watch.pid)
        time.sleep(REST_SECONDS)
        after = activity(watch.pid)
    finally:
        watch.send_signal(signal.SIGTERM)
        watch.wait(60)
    wakes, at_rest = (after[0] - switches) / REST_SECONDS, (after[1] - used) / REST_SECONDS
    look = statistics.median(run["said"]["seconds"]["scan"] for run in ours)
    presence = Presence(str(stage.base), missing_seconds=60)
    presence.looked(look)
    sweep = look / presence.sweep_seconds
    figures = {
        "switches_a_second": round(wakes, 2), "core_percent": round(100 * at_rest, 3),
        "core_percent_with_sweeps": round(100 * (at_rest + sweep), 3),
    }  # fmt: skip
    return figures, [
        Check("wakes a second", figures["switches_a_second"], 5, at_most=True, unit="/s"),
        Check("of a core at rest", figures["core_percent"], 0.2, at_most=True, unit="%"),
        Check("of a core with its sweeps", figures["core_percent_with_sweeps"], 0.2, at_most=True, unit="%"),
    ]


def idle(base):
    """What a watch keeps in memory once its model was let go, after each of three files that needed it."""
    write(base / "idle" / "docs", 20)
    words = [
        "watch",
        str(base / "idle" / "docs"),
        "--state",
        str(base / "idle"),
        "--db",
        str(base / "idle" / "lancedb"),
    ]
    os.environ["OLLAMA_KEEP_ALIVE"] = "2s"
    watch = scale.start(*words, "--json", stdout=subprocess.PIPE)
    loaded, let_go = [], []
    try:
        json.loads(watch.stdout.readline())
        for number in range(3):
            (base / "idle" / "docs" / f"new{number}.md").write_text(f"These words came last, as number {number}.")
            json.loads(watch.stdout.readline())
            loaded.append(own_mib(watch.pid))
            time.sleep(6)
            let_go.append(own_mib(watch.pid))
    finally:
        watch.send_signal(signal.SIGTERM)
        watch.wait(60)
    figures = {"own_mib_loaded": loaded, "own_mib_let_go": let_go, "let_go_mib": loaded[0] - let_go[0]}
    return figures, [
        Check("let go with the model, of its 43 MiB in bf16", figures["let_go_mib"], 20, unit="MiB"),
        Check("kept after the third time against the first", round(let_go[2] / let_go[0], 3), 1.05, at_most=True),
    ]


def own_mib(pid):
    """Memory of a process that no other one shares."""
    return scale.psutil.Process(pid).memory_full_info().uss >> 20


def activity(pid):
    """Voluntary switches and processor seconds so far of all threads of a process and those that it started."""
    switches = seconds = 0
    for member in scale.family(scale.psutil.Process(pid)):
        for task in Path(f"/proc/{member.pid}/task").iterdir():
            told = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
            switches += int(told["voluntary_ctxt_switches"])
            seconds += int((task / "schedstat").read_text().split()[0]) / 1e9
    return switches, seconds


def listed(base, paths):
    """A journal that knows a million empty files as they are, written as a run writes it: only the look is measured."""
    docs, out = base / "docs", base / "out"
    write(docs / "few", 10)
    tables = ["--state", str(out), "--db", str(out / "lancedb")]
    words = ["ingest", str(docs), "--model", "hashing", "--json", *tables]
    scale.command(*words)
    for number in range(paths):
        if number < paths // 1000:
            (docs / f"d{number}").mkdir()
        os.close(os.open(docs / f"d{number % max(1, paths // 1000)}" / f"f{number}.md", os.O_CREAT | os.O_WRONLY))
    remember(docs, next(out.glob("chunks-*.sqlite")))
    run = scale.command(*words)
    assert run["said"]["files"]["seen"] == paths + 10, run["said"]["files"]
    assert run["said"]["files"]["new"] == 0, run["said"]["files"]
    figures = {"paths": paths, "seconds": run["seconds"], "processor_seconds": run["processor"], "mib": run["mib"],
               "look_seconds": run["said"]["seconds"]["scan"]}  # fmt: skip
    return figures, [Check("peak memory", run["mib"], 300, at_most=True, unit="MiB")]


def remember(docs, path):
    journal = Journal(path)
    with journal.transaction():
        known = journal.known_in(docs.name, f"{docs.name}/few/d0/")
        for folder in sorted(docs.iterdir()):
            found = [(f"{docs.name}/{item.relative}", item.facts) for item in Scanner(docs).scan(folder.name)]
            journal.record(
                FileState(source, docs.name, *stat_facts(facts), 1, "skipped")
                for source, facts in found
                if folder.name != "few"
            )
    journal.close()
    assert known, path


if __name__ == "__main__":
    main()
