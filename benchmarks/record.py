"""Where figures go: one file per commit, `results/<commit>.json`, and each row merged into it the moment it is done.

Beside its figures a row keeps when, on which machine, under which load, with which versions and by which command they
were taken, and each target with whether it was met. No path and no name of the machine is kept.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from filelock import FileLock

from embedingest.engine import hardware

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
EXCEPT_RESULTS = ":(top,exclude)benchmarks/results"
LIBRARIES = ("embedingest", "torch", "transformers", "sentence-transformers", "openvino", "tokenizers", "onnxruntime",
             "fastembed", "numpy", "xllamacpp", "gguf", "uvicorn", "lancedb", "chardet",
             "charset-normalizer", "wordfreq")  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One target: a ratio or a figure in its unit, and the bound it is held to."""

    what: str
    figure: float
    target: float
    at_most: bool = False
    unit: str = "×"

    @property
    def met(self):
        return self.figure <= self.target if self.at_most else self.figure >= self.target

    @property
    def wanted(self):
        return f"{'≤' if self.at_most else '≥'} {self.target:g} {self.unit}".strip()

    @property
    def found(self):
        return f"{self.figure:.2f} {self.unit}" if self.unit else f"{self.figure:.6f}"

    @property
    def verdict(self):
        return "met" if self.met else "MISSED"


class Record:
    """The rows of one run of one benchmark."""

    def __init__(self, section, results=RESULTS):
        self.section = section
        self.checks = {}
        self.failed = []
        self._results = Path(results)
        if not Path(hardware.__file__).is_relative_to(HERE.parent):
            raise SystemExit(
                f"another embedingest would be measured, in {Path(hardware.__file__).parents[1]}: set PYTHONPATH"
            )
        self._began = datetime.now(UTC)
        self._load = os.getloadavg()
        # Asked once, at the start: a commit made during a long run is not what was measured.
        self._commit = git("rev-parse", "--short=12", "HEAD") or "uncommitted"
        self._dirty = bool(git("status", "--porcelain", "--untracked-files=no", "--", ":(top)", EXCEPT_RESULTS))
        self._clock = time.monotonic()

    @property
    def path(self):
        return self._results / f"{self._commit}.json"

    def row(self, name, measure):
        """Measure a row and keep it. One that fails is said, kept as failed, and the next is measured."""
        self._began, self._load, self._clock = datetime.now(UTC), os.getloadavg(), time.monotonic()
        busy = (
            f"  (load {self._load[0]:.1f}: this machine does other things)" if self._load[0] > hardware.cores() else ""
        )
        print(f"{name}:{busy}", flush=True)
        try:
            measure()
        except Exception as error:
            traceback.print_exc()
            self.failed.append(name)
            self.keep(name, {"failed": f"{type(error).__name__}: {error}"})

    def keep(self, name, figures, checks=()):
        """Merge a row into the file; called again with more of the same row, it takes the place of the first."""
        self.checks[name] = list(checks)
        row = {"taken": self._circumstances(), "figures": figures}
        if checks:
            row["targets"] = [{**asdict(c), "met": c.met} for c in checks]
        with FileLock(Path(tempfile.gettempdir()) / f"embedingest-benchmarks-{self._commit}.lock"):
            known = json.loads(self.path.read_text("utf-8")) if self.path.exists() else {}
            known["commit"] = self._commit
            known.setdefault("sections", {}).setdefault(self.section, {})[name] = row
            write(self.path, json.dumps(known, indent=1, sort_keys=True) + "\n")

    def told(self, name, figures, checks=()):
        """Keep a finished row and print its verdicts."""
        self.keep(name, figures, checks)
        for check in checks:
            print(f"  {check.what}: {check.found} (target {check.wanted}) {check.verdict}", flush=True)

    def table(self):
        """All rows of this run as a Markdown table."""
        if not self.failed and not any(self.checks.values()):
            return "no targets here"
        lines = [f"| {self.section} | target | figure | |", "| --- | --- | --- | --- |"]
        for name, checks in self.checks.items():
            lines += [f"| {name}: {c.what} | {c.wanted} | {c.found} | {c.verdict} |" for c in checks]
        lines += [f"| {name} | | failed | |" for name in self.failed]
        return "\n".join(lines)

    def end(self):
        """Print the table and where it is kept; answers the exit code. A missed target is a figure, not a failure."""
        print(f"\n{self.table()}\n\nkept in {shown(self.path)}", flush=True)
        return 1 if self.failed else 0

    def _circumstances(self):
        return {
            "command": " ".join([Path(sys.argv[0]).name, *(bare(word) for word in sys.argv[1:])]),
            "began": self._began.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._clock, 1),
            "uncommitted_changes": self._dirty,
            "load_before": [round(n, 2) for n in self._load],
            "load_after": [round(n, 2) for n in os.getloadavg()],
            "machine": machine(),
            "versions": versions(),
        }


def run(record, rows):
    """Measure rows (name → action) in order; Ctrl-C ends the run and keeps what was done. Answers the exit code.

    SIGTERM is taken for Ctrl-C, so that no server that was started outlives the run.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for name, measure in rows.items():
            record.row(name, measure)
    except KeyboardInterrupt:
        print("\ninterrupted; what was done is kept", flush=True)
        record.end()
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return record.end()


def write(path, text):
    """All of it or nothing, so that a run that is killed leaves what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def bare(word):
    """A word of the command line, with the last name alone of whatever is a path."""
    return Path(word).name or word if os.sep in word else word


def shown(path):
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def git(*words):
    try:
        done = subprocess.run(["git", "-C", HERE, *words], capture_output=True, text=True)
    except FileNotFoundError:  # a machine to measure on need not have it
        return ""
    return done.stdout.strip()


def machine():
    found = {"processor": platform.processor() or platform.machine(), "cores": hardware.cores(), "flags": hardware.flags(),
             "system": platform.system(), "python": platform.python_version()}  # fmt: skip
    if (told := Path("/proc/cpuinfo")).exists():
        lines = dict(line.split(":", 1) for line in told.read_text().splitlines() if ":" in line)
        fields = {name.strip(): value.strip() for name, value in lines.items()}
        family = " ".join(f"{name} {fields[name]}" for name in ("cpu family", "model") if name in fields)
        found["processor"] = f"{fields.get('model name', found['processor'])} ({family})"
    return found


def versions():
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found
