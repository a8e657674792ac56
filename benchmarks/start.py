"""What a person waits for before a command does anything: whole processes of commands against that of `--help`.

The project's own documents, ingested once with the packaged model. Each command is a process of its own, in turns with
all others, and counts with its processor time and the time that it took; told are medians and their ratios to `--help`.
First nobody else has the table open, then a `watch` has.

    python benchmarks/start.py [--rounds 11] [--model all-minilm] [--json]
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import record as records
from record import Check

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "which deletions wait for a person"
COMMANDS = {
    "help": ("--help",),
    "status": ("status",),
    "search": ("search", QUESTION),
    "search_text": ("search", QUESTION, "--mode", "text"),
    "plan": ("plan",),
}
ASKED = ("help", "status", "search")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11, help="processes of each command")
    parser.add_argument("--model", default="all-minilm")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("start", arguments.results)
    with tempfile.TemporaryDirectory(prefix="bench-start-") as folder:
        base = Path(folder)
        shutil.copytree(ROOT / "docs", base / "docs")
        run(base, "ingest", "docs", "--model", arguments.model)
        result = {"pandas": find_spec("pandas") is not None}
        result |= measured(base, COMMANDS, arguments.rounds, "alone")
        with watching(base, arguments.model):
            run(base, "search", QUESTION)  # the first question opens the table and loads the model
            result |= measured(base, ASKED, arguments.rounds, "asked")
    print(json.dumps(result, indent=None if arguments.json else 2))
    checks = [
        Check("status alone against --help, processor", result["alone_status_ratio"], 2.0, at_most=True),
        Check("search alone against --help, processor", result["alone_search_ratio"], 7.0, at_most=True),
        Check("status under a watch against --help, processor", result["asked_status_ratio"], 1.8, at_most=True),
        Check("search under a watch against --help, processor", result["asked_search_ratio"], 2.0, at_most=True),
    ]
    record.told("commands", result, checks)
    sys.exit(record.end())


def measured(base, names, rounds, case):
    """Processor and elapsed seconds of each command, medians of `rounds`, and the ratios to `help`."""
    processor, elapsed = {name: [] for name in names}, {name: [] for name in names}
    for name in [*names, *list(names) * rounds]:  # the first of each is not counted
        used, took = run(base, *COMMANDS[name])
        processor[name].append(used)
        elapsed[name].append(took)
    found = {}
    for name in names:
        used, took = (statistics.median(times[name][1:]) for times in (processor, elapsed))
        found |= {
            f"{case}_{name}_processor_seconds": round(used, 3),
            f"{case}_{name}_seconds": round(took, 3),
            f"{case}_{name}_ratio": round(used / statistics.median(processor["help"][1:]), 2),
        }
    return found


def run(base, *command):
    """Processor seconds of a command and of what it started, and the seconds that it took."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "embedingest", *command], cwd=base, env=environment(), capture_output=True, check=True
    )
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, took


@contextmanager
def watching(base, model):
    """While inside, a `watch` has the table open."""
    command = [sys.executable, "-m", "embedingest", "watch", "docs", "--model", model, "--json"]
    with subprocess.Popen(command, cwd=base, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            process.stdout.readline()  # its first report
            yield
        finally:
            process.terminate()


def environment():
    """That of the commands. Compiled modules are kept, as those of an installed package are, whatever is set here."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


if __name__ == "__main__":
    main()
