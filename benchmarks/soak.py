"""A server that follows folders, used for a while: what of memory, descriptors, threads and disk grows without end.

    python benchmarks/soak.py [--minutes 20] [--model hashing] [--readers 8] [--results FOLDER]

`embedingest run` follows a folder and serves it, in a process of its own, with the settings of `watch --serve` but for a
shorter retention of old versions, so that they go within the run. Meanwhile files are edited, moved, deleted and made
anew, queries search and embed, bulk calls embed, pages hold streams of events, and a Prometheus reads /metrics. What
is edited comes back after a while, so that nothing has a reason to grow for ever.

What is measured is looked at every second and judged from the end of the first quarter on: by how much it would have
grown over the rest at its steady slope (the median of all slopes between two samples), in percent of what it was.
Results go to benchmarks/results/<commit>.json.
"""

import argparse
import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

import record as records
from record import Check

ROOT = Path(__file__).resolve().parent.parent
WORDS = (ROOT / "ARCHITECTURE.md").read_text().split()
FILES, VARIANTS = 60, 4
READY_SECONDS = 120
MOST_GROWTH = {"memory": 10.0, "descriptors": 5.0, "threads": 5.0, "disk": 25.0}
"""Percent of what it was; the disk goes up and down with each upkeep of the table."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--model", default="hashing")
    parser.add_argument("--readers", type=int, default=8, help="streams of events that are held open")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("soak", arguments.results)
    sys.exit(
        records.run(record, {f"{arguments.minutes:g} minutes, {arguments.model}": lambda: soak(record, arguments)})
    )


def soak(record, arguments):
    with tempfile.TemporaryDirectory(prefix="soak-") as base, Served(Path(base), arguments) as served:
        use = Use(served, arguments)
        samples = use.play(arguments.minutes * 60)
    figures, checks = judged(samples)
    figures |= {"done": dict(use.done), "wrong": dict(use.wrong), "samples": len(samples)}
    wrong = sum(use.wrong.values())
    checks.append(Check("answers that were wrong", wrong, 0, at_most=True, unit="answers"))
    flat = all(check.met for check in checks)
    figures["verdict"] = "flat" if flat else "GROWS, or answers were wrong"
    record.told(f"{arguments.minutes:g} minutes, {arguments.model}", figures, checks)
    print(f"verdict: {figures['verdict']}; {dict(use.done)}", flush=True)


def judged(samples):
    """Figures and checks by what was measured, from the end of the first quarter on."""
    steady = samples[len(samples) // 4 :]
    figures, checks = {}, []
    for name, most in MOST_GROWTH.items():
        values = [sample[name] for sample in steady]
        times = [sample["at"] for sample in steady]
        slope = steady_slope(times, values)
        level = statistics.median(values)
        growth = 100 * slope * (times[-1] - times[0]) / level
        figures[name] = {
            "at_quarter": round(statistics.median(values[: max(1, len(values) // 6)]), 1),
            "at_end": round(statistics.median(values[-max(1, len(values) // 6) :]), 1),
            "most": round(max(values), 1),
            "per_hour": round(slope * 3600, 2),
            "growth_percent": round(growth, 2),
        }
        checks.append(Check(f"{name}: growth after the first quarter", growth, most, at_most=True, unit="%"))
    return figures, checks


def steady_slope(times, values):
    """The median of the slopes between any two samples: what comes and goes does not count."""
    step = max(1, len(times) // 300)
    points = list(zip(times[::step], values[::step], strict=True))
    slopes = [
        (late - early) / (then - now)
        for index, (now, early) in enumerate(points)
        for then, late in points[index + 1 :]
        if then > now
    ]
    return statistics.median(slopes)


class Served:
    """The program as a user starts it, over a folder that it follows."""

    def __init__(self, base, arguments):
        self.docs, self.state, self.model = base / "docs", base / "state", arguments.model
        self.docs.mkdir()
        for number in range(FILES):
            write(self.docs, number, 0)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        retention = max(10, round(arguments.minutes * 60 / 20))
        self.config = base / "soak.yaml"
        pipeline = {
            "sources": [{"path": str(self.docs)}],
            "model": self.model,
            "store": {"retention_seconds": retention},
        }
        settings = {"port": self.port, "preload": [self.model]}
        self.config.write_text(
            json.dumps({"state": str(self.state), "pipelines": {"docs": pipeline}, "server": settings})
        )

    def __enter__(self):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        self._said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "embedingest", "run", str(self.config)],
            env=environment, stdout=subprocess.DEVNULL, stderr=self._said,
        )  # fmt: skip
        self.watched = psutil.Process(self.process.pid)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self._said.seek(0)
        if code:
            print(self._said.read()[-4000:].decode("utf-8", "replace"), file=sys.stderr)
        self._said.close()

    def ask(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def sample(self, began):
        """What there is now: MiB of memory, its extraction processes included, descriptors, threads, MiB of disk."""
        memory = self.watched.memory_info().rss
        for child in self.watched.children(recursive=True):
            try:
                memory += child.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return {
            "at": time.monotonic() - began,
            "memory": memory / 2**20,
            "descriptors": self.watched.num_fds(),
            "threads": self.watched.num_threads(),
            "disk": size(self.state) / 2**20,
        }


class Use:
    """What people and programs do with it, each in a thread, until the time is over."""

    def __init__(self, served, arguments):
        self.served = served
        self.readers = arguments.readers
        self.done, self.wrong = Counter(), Counter()
        self._over = threading.Event()
        self._chance = random.Random(1)

    def play(self, seconds):
        self._wait_until_ready()
        work = [(self._search, 0.1), (self._embed, 0.05), (self._bulk, 2.0), (self._edit, 0.5), (self._scrape, 5.0)]
        threads = [threading.Thread(target=self._repeat, args=piece) for piece in work]
        threads += [threading.Thread(target=self._read_events) for _ in range(self.readers)]
        for thread in threads:
            thread.start()
        samples, began = [], time.monotonic()
        while time.monotonic() - began < seconds and self.served.process.poll() is None:
            samples.append(self.served.sample(began))
            time.sleep(1.0)
        self._over.set()
        for thread in threads:
            thread.join(timeout=90)
        if self.served.process.poll() is not None:
            raise RuntimeError(f"the program ended with {self.served.process.poll()}")
        return samples

    def _wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.served.ask("/readyz")[0] == 200 and b'"waiting":0' in self.served.ask("/ui/data/pipelines")[1]:
                    return
            except OSError:
                pass
            if self.served.process.poll() is not None:
                raise RuntimeError("the program ended before it served")
            time.sleep(0.2)
        raise RuntimeError(f"not ready within {READY_SECONDS} s: {self.served.ask('/readyz')[1]!r}")

    def _repeat(self, deed, pause):
        while not self._over.wait(pause):
            name = deed.__name__.strip("_")
            try:
                status = deed()
            except OSError as error:
                status = type(error).__name__
            self.done[name] += 1
            if status != 200:
                self.wrong[f"{name} {status}"] += 1

    def _search(self):
        return self.served.ask("/api/search", {"query": " ".join(self._chance.choices(WORDS, k=4)), "limit": 5})[0]

    def _embed(self):
        text = " ".join(self._chance.choices(WORDS, k=12))
        return self.served.ask("/api/embed", {"model": self.served.model, "input": text})[0]

    def _bulk(self):
        texts = [" ".join(self._chance.choices(WORDS, k=60)) for _ in range(128)]
        return self.served.ask("/api/embed", {"model": self.served.model, "input": texts})[0]

    def _edit(self):
        """One file more, or gone, moved, or changed to another of its few texts."""
        number, docs = self._chance.randrange(FILES), self.served.docs
        path = docs / f"note{number}.md"
        if self._chance.random() < 0.1 and path.exists():
            path.unlink()
        elif self._chance.random() < 0.1 and path.exists():
            path.rename(docs / f"note{number}.moved.md")
        else:
            (docs / f"note{number}.moved.md").unlink(missing_ok=True)
            write(docs, number, self._chance.randrange(VARIANTS))
        return 200

    def _scrape(self):
        for path in ("/metrics", "/readyz"):
            status = self.served.ask(path)[0]
            if status != 200:
                return status
        return 200

    def _read_events(self):
        while not self._over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=60)
            try:
                connection.request("GET", "/ui/data/events")
                answer = connection.getresponse()
                if answer.status != 200:
                    self.wrong[f"events {answer.status}"] += 1
                    self._over.wait(1.0)
                    continue
                opened = time.monotonic()
                # A page is left and opened again now and then.
                while not self._over.is_set() and time.monotonic() - opened < 60 and answer.readline():
                    self.done["lines of events"] += 1
            except OSError as error:
                self.wrong[f"events {type(error).__name__}"] += 1
            finally:
                connection.close()


def write(docs, number, variant):
    """One of the few texts of a file."""
    chance = random.Random(f"{number} {variant}")
    text = [" ".join(chance.choices(WORDS, k=120)).replace("#", "") for _ in range(4)]
    (docs / f"note{number}.md").write_text(f"# Note {number}\n\n" + "\n\n".join(text) + "\n")


def size(folder):
    """Bytes of all files below a folder, of those that stay long enough to be asked."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return total


if __name__ == "__main__":
    main()
