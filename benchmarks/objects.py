"""Object stores: `plan` over a bucket of 100 000 objects of 2 KB, before and after an ingest, and the ingest.

The weightless model and the plug-in `embedingest-objectstore` against `bucket.py`, which holds nothing and says what of a
processor it took itself: seconds without that are about what a store that costs this machine nothing would leave. Memory
is the peak of the process with its workers, shared pages counted once.

    python benchmarks/objects.py [--objects 100000] [--rows new ingest unchanged changed]

Needs the plug-in installed. Results go to benchmarks/results/<commit>.json.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import scale

import record as records
from record import Check

EVERY = 100  # each so many-th object changes
PLAN = """
import json, sys, time
from embedingest import Session
with Session(sys.argv[1]) as session:
    planned = session.pipeline("docs").plan()
files = {name: count for name, count in planned["files"].items() if name != "list"}
print(json.dumps({"files": files, "embed": planned["embed"], "unreadable": planned["unreadable"]}))
"""
RUN = """
import json, sys
from embedingest import Session
with Session(sys.argv[1]) as session, session.pipeline("docs") as pipeline:
    print(json.dumps(pipeline.converge().to_json()))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--rows", nargs="+", choices=["new", "ingest", "unchanged", "changed"], help="only these")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("objects", arguments.results)
    base = Path(tempfile.mkdtemp(prefix="bench-objects-"))
    with Stage(base, arguments.objects) as stage:
        rows = {
            "new": lambda: record.told("new", *new(stage)),
            "ingest": lambda: record.told("ingest", *ingest(stage)),
            "unchanged": lambda: record.told("unchanged", *unchanged(stage)),
            "changed": lambda: record.told("changed", *changed(stage)),
        }
        code = records.run(record, {name: rows[name] for name in arguments.rows or rows})
    sys.exit(code)


class Stage:
    """The bucket's server, and the configuration that follows it."""

    def __init__(self, base, objects):
        self.base, self.objects = base, objects

    def __enter__(self):
        words = [sys.executable, str(records.HERE / "bucket.py"), str(self.objects)]
        self._server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoint = self._server.stdout.readline().strip()
        (self.base / "bucket.yaml").write_text(
            f"""\
state: state
pipelines:
  docs:
    model: hashing
    db: state/lancedb
    sources:
      - source: objectstore
        as: docs
        options: {{url: 's3://bucket/docs', endpoint: '{self.endpoint}', allow_http: true, anonymous: true}}
"""
        )
        return self

    def __exit__(self, *_):
        self._server.stdin.close()
        self._server.wait(30)
        shutil.rmtree(self.base)

    def measured(self, program):
        """Seconds, memory and answer of one program, and the server's part in it."""
        before = self._asked("spent")
        began = time.perf_counter()
        words = [sys.executable, "-c", program, str(self.base / "bucket.yaml")]
        path = os.pathsep.join([str(scale.ROOT), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
        process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        with scale.Memory(process.pid) as memory:
            said = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, said[-2000:]
        seconds, after = time.perf_counter() - began, self._asked("spent")
        server = after["processor_seconds"] - before["processor_seconds"]
        return json.loads(said), {
            "objects": self.objects, "seconds": round(seconds, 2), "mib": memory.mib,
            "processor_seconds": round(used.ru_utime + used.ru_stime, 2),
            "server_processor_seconds": round(server, 2), "requests": after["requests"] - before["requests"] - 1,
        }  # fmt: skip

    def change(self, every):
        self._asked(f"changed/{every}", method="PUT")

    def _asked(self, what, method="GET"):
        with urlopen(Request(f"{self.endpoint}/-/{what}", method=method)) as answer:
            return json.loads(answer.read() or "{}")

    @cached_property
    def ingested(self):
        self.change(0)
        said, figures = self.measured(RUN)
        assert said["files"]["new"] == self.objects, said["files"]
        again, _ = self.measured(RUN)  # which sees the indices that the first made at its end
        assert again["files"]["unchanged"] == self.objects, again["files"]
        return said, figures


def checks(figures):
    return [
        Check("seconds", figures["seconds"], 60, at_most=True, unit="s"),
        Check("memory", figures["mib"], 300, at_most=True, unit="MiB"),
    ]


def new(stage):
    """Before anything was ingested: every object is read and cut."""
    said, figures = stage.measured(PLAN)
    assert said["files"]["new"] == stage.objects, said["files"]
    return figures, checks(figures)


def ingest(stage):
    said, figures = stage.ingested
    return {**figures, "stages": said["seconds"]}, []


def unchanged(stage):
    assert stage.ingested
    said, figures = stage.measured(PLAN)
    assert said["files"]["unchanged"] == stage.objects, said["files"]
    return figures, checks(figures)


def changed(stage):
    assert stage.ingested
    stage.change(EVERY)
    said, figures = stage.measured(PLAN)
    assert said["files"]["changed"] == -(-stage.objects // EVERY), said["files"]
    return figures, checks(figures)


if __name__ == "__main__":
    main()
