"""The time left that a run tells, against what it then took: from the first third on, to the end of the run.

Each folder is ingested in this process, by each model, and what `Progress.seconds_left` says is compared with the time
that was left, for every moment from a third of the run on at which there were two seconds or more to go. A moment at
which nothing can be told counts as told wrong by all. The end is the return of `ingest`, with the last commit and what
follows it.

    python benchmarks/time_left.py [--only CASE …] [--models hashing all-minilm] [--scale 1.0] [--show] [--json]

Results go to benchmarks/results/<commit>.json.
"""

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import embedingest
from tests import samples

import record as records
from record import Check

MOST = 0.30
LEAST_SECONDS = 2.0
WORDS = [w + e for w in ["mill", "river", "stone", "wheel", "boat", "harbour", "letter", "winter", "bridge", "corn", "field", "lamp"]
         for e in ("", "s", "er", "ing", "ed", "less", "like", "y")]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=sorted(CASES), default=sorted(CASES))
    parser.add_argument("--models", nargs="+", default=["hashing", "all-minilm"])
    parser.add_argument("--scale", type=float, default=1.0, help="size of the folders")
    parser.add_argument("--show", action="store_true", help="what was told at each tenth of a run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("time-left", arguments.results)
    for model in arguments.models:
        for case in arguments.only:
            figures, moments = measured(CASES[case], model, arguments.scale)
            print(json.dumps({"case": case, "model": model, **figures}) if arguments.json
                  else f"{case:>8} {model:<12} {figures}", flush=True)  # fmt: skip
            if arguments.show:
                show(moments, figures["seconds"])
            if figures["moments"]:
                record.told(f"{case}, {model}", figures, [Check("median error", figures["median"], MOST, at_most=True)])
    sys.exit(record.end())


def measured(case, model, scale):
    base = Path(tempfile.mkdtemp(prefix="bench-left-"))
    try:
        case(base / "docs", scale * (1.0 if model == "hashing" else SLOWER), lambda: ingested(base, model))
        moments, seconds = ingested(base, model)
    finally:
        shutil.rmtree(base)
    return judged(moments, seconds), moments


def ingested(base, model):
    """What was told when, in seconds since the call, and how long the call took."""
    moments = []
    began = time.perf_counter()

    def sink(progress):
        moments.append((time.perf_counter() - began, progress.seconds_left))

    report = embedingest.ingest(base / "docs", model=model, state=base / "state", db=str(base / "state" / "lancedb"),
                                progress=sink)  # fmt: skip
    assert not report.failures, report.failures[:3]
    return moments, time.perf_counter() - began


def judged(moments, seconds):
    late = [(at, told) for at, told in moments if at >= seconds / 3 and seconds - at >= LEAST_SECONDS]
    errors = [1.0 if told is None else abs(told - (seconds - at)) / (seconds - at) for at, told in late]
    figures = {"seconds": round(seconds, 1), "moments": len(late)}
    if errors:
        figures |= {
            "median": round(statistics.median(errors), 3),
            "worst": round(max(errors), 3),
            "within": round(sum(error <= MOST for error in errors) / len(errors), 3),
            "untold": sum(told is None for _, told in late),
        }
    return figures


def show(moments, seconds):
    for tenth in range(20):
        at, told = next(((at, told) for at, told in moments if at >= seconds * tenth / 20), (seconds, None))
        print(f"    at {at:6.1f} s  told {'-' if told is None else f'{told:6.1f}'}  left {seconds - at:6.1f}")


SLOWER = 1 / 20
"""How much smaller the folders of a model with weights are."""


def prose(chance, characters):
    lines = []
    while characters > 0:
        line = " ".join(chance.choices(WORDS, k=chance.randint(6, 14))).capitalize() + ".\n"
        lines.append(line + ("\n" if chance.random() < 0.2 else ""))
        characters -= len(line)
    return "".join(lines)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def small(docs, scale, _):
    """Many small files of one kind."""
    chance = random.Random(1)
    for number in range(int(20_000 * scale)):
        write(docs / f"d{number % 40}" / f"f{number}.md", f"# File {number}\n\n{prose(chance, 600)}")


def mix(docs, scale, _):
    """Markdown, HTML and PDF from some hundred bytes to megabytes; what changed last is read first, so the largest last."""
    chance = random.Random(2)
    sizes = sorted(int(10 ** chance.uniform(2.5, 5.3)) for _ in range(int(700 * scale)))
    for number, size in enumerate([*(int(4_000_000 * scale),) * 3, *reversed(sizes)]):
        text = f"# File {number}\n\n{prose(chance, size)}"
        kind = number % 3
        if kind == 0:
            write(docs / f"{number:05}.md", text)
        elif kind == 1:
            paragraphs = "".join(f"<p>{part}</p>\n" for part in text.split("\n\n"))
            write(
                docs / f"{number:05}.html",
                f"<html><head><title>{number}</title></head><body>{paragraphs}</body></html>",
            )
        else:
            parts = [text[at : at + 400] for at in range(0, min(len(text), 60_000), 400)]
            write(docs / f"{number:05}.pdf", samples.pdf([(f"Page {at}", part) for at, part in enumerate(parts)]))


def large(docs, scale, _):
    """One text of 50 MB."""
    write(docs / "large.txt", prose(random.Random(3), int(50_000_000 * scale)))


def copies(docs, scale, ingest):
    """A folder that is known, and its copy, of which nothing is embedded."""
    chance = random.Random(4)
    for number in range(int(10_000 * scale)):
        write(docs / "old" / f"d{number % 40}" / f"f{number}.md", f"# File {number}\n\n{prose(chance, 1500)}")
    ingest()
    shutil.copytree(docs / "old", docs / "new")


CASES = {"small": small, "mix": mix, "large": large, "copies": copies}


if __name__ == "__main__":
    main()
