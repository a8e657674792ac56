"""What later runs cost: nothing changed, one paragraph edited, a branch switched, a folder moved.

The weightless model, since these are counts of work and times without an engine. `find` prints size and time of
every file in the same run, and is what an unchanged run is held against. Process start is left out on both sides: of
ours by a run over one file, in the same process, that comes first and imports whatever a run imports.

    python benchmarks/changes.py [--files 10000] [--json]
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedingest.build.pipelines import open_pipeline
from embedingest.build.session import Session
from embedingest.config import Config, PipelineConfig, SourceConfig

import record as records
from record import Check


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("changes", arguments.results)
    result = {}
    for part in (unchanged, edit, branch):
        base = Path(tempfile.mkdtemp(prefix="bench-changes-"))
        try:
            result |= part(base, arguments.files)
        finally:
            shutil.rmtree(base)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>32}  {value}")
    checks = [
        Check("unchanged run against find", result["unchanged_of_find"], 5.0, at_most=True),
        Check("texts embedded for one paragraph of 5 MB", result["edited_texts_embedded"], 2, at_most=True, unit="texts"),
        Check("texts embedded when a branch is switched back", sum(result["branch_texts_embedded"][2:]), 0,
              at_most=True, unit="texts"),
    ]  # fmt: skip
    record.told(f"{arguments.files} files", result, checks)
    sys.exit(record.end())


def config_of(folder, out):
    pipeline = PipelineConfig(sources=(SourceConfig(path=folder),), model="hashing", db=str(out / "lancedb"))
    return Config(state=out, pipelines={"default": pipeline})


def ingest(base, folder="docs", out="out"):
    session = Session(config_of(base / folder, base / out))
    try:
        with open_pipeline(session) as pipeline:
            return pipeline.converge()
    finally:
        session.close()


UNCHANGED = """
import sys, time
from pathlib import Path
from embedingest.build.pipelines import open_pipeline
from embedingest.build.session import Session
from embedingest.config import Config, PipelineConfig, SourceConfig


def run(folder, out):
    pipeline = PipelineConfig(sources=(SourceConfig(path=folder),), model="hashing", db=str(out / "lancedb"))
    began = time.perf_counter()
    with open_pipeline(Session(Config(state=out, pipelines={"default": pipeline}))) as opened:
        report = opened.converge()
    return time.perf_counter() - began, report


base = Path(sys.argv[1])
run(base / "one", base / "out-one")
took, report = run(base / "docs", base / "out")
heavy = sorted({"lancedb", "pyarrow", "torch", "openvino"} & set(sys.modules))
print(took, report.files.unchanged, ",".join(heavy) or "none")
"""


def unchanged(base, files):
    chance = random.Random(1)
    for number in range(files):
        path = base / "docs" / f"d{number % 200}" / f"f{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# File {number}\n\nIt says {chance.randrange(10**9)}.")
    (base / "one").mkdir()
    (base / "one" / "f.md").write_text("# One file\n\nIt says nothing.")
    time.sleep(0.05)
    ingest(base)
    ingest(base, "one", "out-one")
    find = ["find", str(base / "docs"), "-type", "f", "-printf", "%s %T@\n"]
    ours, theirs = [], []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(["true"], check=True)
        start = time.perf_counter() - began
        began = time.perf_counter()
        subprocess.run(find, stdout=subprocess.DEVNULL, check=True)
        theirs.append(time.perf_counter() - began - start)
        said = subprocess.run(
            [sys.executable, "-c", UNCHANGED, str(base)], capture_output=True, text=True, check=True, cwd=ROOT
        )
        took, count, heavy = said.stdout.split()
        assert int(count) == files, said.stdout
        ours.append(float(took))
    return {
        "unchanged_files": files,
        "unchanged_seconds": round(min(ours), 4),
        "find_seconds": round(min(theirs), 4),
        "unchanged_of_find": round(min(ours) / min(theirs), 2),
        "unchanged_imports": heavy,
    }


def edit(base, _files):
    document = base / "docs" / "big.md"
    document.parent.mkdir(parents=True)
    chance = random.Random(2)
    words = (ROOT / "ARCHITECTURE.md").read_text().split()
    paragraphs = [" ".join(chance.choices(words, k=80)) for _ in range(10_000)]
    document.write_text("\n\n".join(paragraphs))
    first = ingest(base)
    paragraphs[5_000] = "A paragraph that was edited " + paragraphs[5_000]
    document.write_text("\n\n".join(paragraphs))
    second = ingest(base)
    return {
        "edited_document_bytes": document.stat().st_size,
        "edited_document_chunks": first.chunks.new,
        "edited_texts_embedded": second.embedded.texts,
        "edited_seconds": round(second.seconds["total"], 2),
    }


def branch(base, _files):
    chance = random.Random(3)
    docs, words = base / "docs", (ROOT / "ARCHITECTURE.md").read_text().split()
    versions = {"main": {}, "topic": {}}
    for number in range(500):
        text = "\n\n".join(" ".join(chance.choices(words, k=60)) for _ in range(8))
        versions["main"][f"d{number % 20}/f{number}.md"] = text
        versions["topic"][f"d{number % 20}/f{number}.md"] = text + "\n\n" + " ".join(chance.choices(words, k=60))
    counts, seconds = [], []
    for name in ("main", "topic", "main", "topic"):
        for path, text in versions[name].items():
            (docs / path).parent.mkdir(parents=True, exist_ok=True)
            (docs / path).write_text(text)
        report = ingest(base)
        counts.append(report.embedded.texts)
        seconds.append(round(report.seconds["total"], 2))
    return {"branch_texts_embedded": counts, "branch_seconds": seconds}


ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    main()
