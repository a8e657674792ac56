"""From nothing kept to the first vector: what a person waits for once in a model's life, in wall and processor seconds.

    python benchmarks/first_use.py                        the packaged all-minilm, five times
    python benchmarks/first_use.py --shape qwen3-0.6b     random weights in the shape of a large model, twice

Each time is a process of its own with an empty cache. Its files are read once before, as they are after a pull. The
figure is the median; memory is what the process that serves has then, its share of what it has with others.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from embedingest.engine.folder.folder import ModelFolder

import common
import record as records
import shapes
from record import Check

TARGETS = {"all-MiniLM-L6-v2": 6.0, "qwen3-0.6b": 60.0}  # seconds of wall on two quiet cores

FIRST = """
import json, sys, time
began = time.perf_counter()
from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
engine = open_engine(EngineConfig(keep_alive=-1), {"bench": ModelConfig(path=sys.argv[1])})
engine.embed(["hello"], model="bench", priority="query")
wall = time.perf_counter() - began
import psutil
me = psutil.Process()
times = [me.cpu_times(), *(child.cpu_times() for child in me.children())]
processor = sum(t.user + t.system for t in times) + times[0].children_user + times[0].children_system
memory = me.memory_full_info()
print(json.dumps({
    "wall_seconds": wall, "processor_seconds": processor, "own_mib": getattr(memory, "pss", memory.rss) / 2**20,
    "imports_torch": "torch" in sys.modules, "runtime": dict(engine.running()[0].runtime),
}))
"""


def once(folder):
    with tempfile.TemporaryDirectory() as cache:
        environment = {
            **os.environ,
            "PYTHONPATH": str(records.HERE.parent),
            "EMBEDINGEST_CACHE": cache,
            "HF_HUB_OFFLINE": "1",
        }
        command = [sys.executable, "-c", FIRST, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def first_use(record, folder, name, repeats):
    for file in folder.path.rglob("*"):
        if file.is_file():
            file.read_bytes()
    taken = []
    for number in range(repeats):
        taken.append(once(folder.path))
        last = taken[-1]
        print(f"  {number + 1} of {repeats}: {last['wall_seconds']:5.1f} s, {last['processor_seconds']:5.1f} s of "
              f"processor, {last['own_mib']:.0f} MiB  {last['runtime']['precision']}", flush=True)  # fmt: skip
    wall = statistics.median(one["wall_seconds"] for one in taken)
    checks = [Check("from nothing to the first vector", wall, TARGETS[name], at_most=True, unit="s")] * (
        name in TARGETS
    )
    record.told(name, {"model": name, "weights_mib": folder.size_bytes / 2**20, "runs": taken}, checks)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=None, help="default: the packaged all-minilm")
    parser.add_argument("--shape", choices=tuple(shapes.SHAPES), default=None, help="random weights of this shape")
    parser.add_argument("--work", type=Path, default=None, help="where models of a shape are kept between runs")
    parser.add_argument("--repeats", type=int, default=None, help="default: 5; of a shape 2")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        place = shapes.make(asked.shape, (asked.work or Path(work)) / asked.shape) if asked.shape else asked.model
        folder = ModelFolder.open(place or common.packaged())
        name = asked.shape or common.known_name(folder)
        record = records.Record("first use", asked.results)
        repeats = asked.repeats or (2 if asked.shape else 5)
        return records.run(record, {name: lambda: first_use(record, folder, name, repeats)})


if __name__ == "__main__":
    sys.exit(main())
