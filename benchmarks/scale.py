"""Many small files: the first run, `status`, `verify`, and a large folder that is moved under a watch.

Each command runs as a user runs it, in a process of its own, with the weightless model: seconds and memory are those of
everything but the model. Memory is the peak of the command with its workers, shared pages counted once; processor seconds
are kept beside the seconds, since a machine that does other things stretches only these.

    python benchmarks/scale.py [--files 20000] [--repeat 3] [--json]

Results go to benchmarks/results/<commit>.json.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

import record as records
from record import Check

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.05


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument(
        "--repeat", type=int, default=3, help="times that status and verify are asked; the median counts"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("scale", arguments.results)
    base = Path(tempfile.mkdtemp(prefix="bench-scale-"))
    try:
        result = measure(base, arguments)
    finally:
        shutil.rmtree(base)
    print(json.dumps(result) if arguments.json else "\n".join(f"{k:>24}  {v}" for k, v in result.items()))
    record.told(f"{arguments.files} files", result, checks(result))
    sys.exit(record.end())


def checks(result):
    bounds = {
        "first_run_seconds": 30, "first_run_mib": 350, "status_seconds": 0.5, "status_mib": 120, "verify_seconds": 10,
        "move_seconds": 15, "move_embedded": 0,
    }  # fmt: skip
    return [
        Check(name.replace("_", " "), result[name], bound, at_most=True, unit=name.rpartition("_")[2])
        for name, bound in bounds.items()
    ]


def measure(base, arguments):
    docs, half = base / "docs", arguments.files // 2
    write(docs, arguments.files)
    time.sleep(0.1)
    tables = ["--state", str(base / "out"), "--db", str(base / "out" / "lancedb")]
    first = command("ingest", str(docs), "--model", "hashing", "--json", *tables)
    assert first["said"]["files"]["new"] == arguments.files, first["said"]["files"]
    asked = {name: [command(name, "--json", *tables) for _ in range(arguments.repeat)] for name in ("status", "verify")}
    assert asked["status"][0]["said"]["in_sync"], asked["status"][0]["said"]["behind"]
    assert not asked["verify"][0]["said"]["problems"], asked["verify"][0]["said"]["problems"]
    result = {"files": arguments.files}
    for name, runs in {"first_run": [first], **asked}.items():
        result[f"{name}_seconds"] = statistics.median(run["seconds"] for run in runs)
        result[f"{name}_processor_seconds"] = statistics.median(run["processor"] for run in runs)
        result[f"{name}_mib"] = max(run["mib"] for run in runs)
    result["first_run_stages"] = first["said"]["seconds"]
    return result | move(docs, half, tables)


def write(docs, files):
    """Half of the files in one tree and half in another, some hundred a folder; no two alike."""
    for number in range(files):
        path = docs / ("left" if number < files // 2 else "right") / f"d{number % 97}" / f"f{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# File {number}\n\nIt says {number * number} and {number % 1009} and little else.\n")


def start(*words, **pipes):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    return subprocess.Popen([sys.executable, "-m", "embedingest", *words], env=environment, text=True, **pipes)


def command(*words):
    """Seconds, peak memory and answer of one command, which may not fail."""
    began = time.perf_counter()
    process = start(*words, stdout=subprocess.PIPE)
    with Memory(process.pid) as memory:
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said[-2000:]
    seconds, processor = time.perf_counter() - began, used.ru_utime + used.ru_stime
    return {"seconds": round(seconds, 2), "processor": round(processor, 2), "mib": memory.mib, "said": json.loads(said)}


class Memory:
    """The peak of a process and those that it started, in MiB, looked at all the time in a thread."""

    def __init__(self, pid):
        self.mib = 0
        self._process, self._over = psutil.Process(pid), threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self):
        while not self._over.wait(SAMPLE_SECONDS):
            self.mib = max(self.mib, round(sum(map(held, family(self._process))) / 2**20))


def family(process):
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def held(process):
    try:
        return getattr(facts := process.memory_full_info(), "pss", facts.rss)
    except psutil.Error:
        return 0


def move(docs, files, tables):
    """A folder of so many files gets another name under a watch: from then until all of them stand under the new one."""
    watch = start("watch", str(docs), "--model", "hashing", "--json", *tables, stdout=subprocess.PIPE)
    try:
        json.loads(watch.stdout.readline())
        time.sleep(1)
        began, used = time.perf_counter(), processor(watch)
        (docs / "left").rename(docs / "moved")
        moved = embedded = 0
        with Memory(watch.pid) as memory:
            while moved < files:
                report = json.loads(watch.stdout.readline())
                moved += report["files"]["moved"]
                embedded += report["embedded"]["texts"]
        seconds, used = time.perf_counter() - began, processor(watch) - used
    finally:
        watch.send_signal(signal.SIGTERM)
        watch.wait(60)
    status = command("status", "--json", *tables)["said"]
    assert status["in_sync"], status["behind"]
    assert not status["pending_deletes"], len(status["pending_deletes"])
    return {"moved_files": moved, "move_seconds": round(seconds, 2), "move_processor_seconds": round(used, 2),
            "move_embedded": embedded, "move_mib": memory.mib}  # fmt: skip


def processor(process):
    """Processor seconds of a process and its workers so far."""
    return sum(sum(member.cpu_times()[:2]) for member in family(psutil.Process(process.pid)))


if __name__ == "__main__":
    main()
