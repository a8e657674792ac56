"""The whole walk over a real folder against the bare engine on the same texts, in one run.

Both see a warm engine. The walk's time is from the first scan to the last commit, into an empty table; the bare
engine gets all texts in one bulk call. Runs alternate, and the best of each is compared, since a busy machine only
ever makes things slower. Processor seconds are of the process: worker processes, the thread that joins the steps,
and everything else (engine, LanceDB).

    python benchmarks/ingest.py FOLDER [--model all-minilm] [--repeat 3] [--floor 0.95] [--json]
    python benchmarks/ingest.py . --memory

Results go to benchmarks/results/<commit>.json.
"""

import argparse
import json
import os
import random
import resource
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
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="all-minilm")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1, help="extraction processes")
    parser.add_argument("--memory", action="store_true", help="peak memory of 500 files against 10 000 instead")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    parser.add_argument("--floor", type=float, default=0.95, help="of the engine's tokens a second; 0.90 for HTML, PDF")
    parser.add_argument("--peak-of", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak_of:
        print(json.dumps(peak_of(arguments)))
        return
    record = records.Record("ingest", arguments.results)
    if arguments.memory:
        row, result = "memory", memory()
        checks = [Check("peak memory of 10 000 files against 500", result["ratio"], 1.15, at_most=True)]
    else:
        row, result = f"walk over {arguments.folder.name}, {arguments.model}", walk_against_engine(arguments)
        checks = [Check("tokens a second against the bare engine", result["walk_of_engine"], arguments.floor)]
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>28}  {value}")
    record.told(row, result, checks)
    sys.exit(record.end())


def config_of(folder, base, model, workers=1):
    pipeline = PipelineConfig(
        sources=(SourceConfig(path=folder),), model=model, db=str(base / "lancedb"), load={"workers": workers}
    )
    return Config(state=base, pipelines={"default": pipeline})


def walk_against_engine(arguments):
    walks, bares = [], []
    for _ in range(arguments.repeat):
        walk, texts = one_walk(arguments)
        walks.append(walk)
        bares.append(one_bare(arguments, texts))
    walk = min(walks, key=lambda run: run["seconds"])
    bare = min(bares, key=lambda run: run["seconds"])
    return {
        "files": walk["files"],
        "chunks": walk["chunks"],
        "tokens": walk["tokens"],
        "walk_seconds": round(walk["seconds"], 2),
        "bare_engine_seconds": round(bare["seconds"], 2),
        "walk_tokens_per_second": round(walk["tokens"] / walk["seconds"]),
        "engine_tokens_per_second": round(bare["tokens"] / bare["seconds"]),
        "walk_of_engine": round((walk["tokens"] / walk["seconds"]) / (bare["tokens"] / bare["seconds"]), 3),
        "processor_seconds": walk["processor"],
        "engine_processor_seconds": round(bare["processor"], 2),
        "stages": walk["stages"],
        "failures": walk["failures"],
        "all_walks": [round(run["seconds"], 2) for run in walks],
        "all_bare": [round(run["seconds"], 2) for run in bares],
    }


def one_walk(arguments):
    base = Path(tempfile.mkdtemp(prefix="bench-ingest-"))
    session = Session(config_of(arguments.folder, base, arguments.model, arguments.workers))
    session.engine.embed(["warm"], model=arguments.model)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        with open_pipeline(session) as pipeline:
            began, cpu, thread = time.perf_counter(), time.process_time(), time.thread_time()
            report = pipeline.converge()
            took = time.perf_counter() - began
            own, joining = time.process_time() - cpu, time.thread_time() - thread
            texts = embedded_texts(pipeline)
    finally:
        session.close()
        shutil.rmtree(base)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    workers = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    run = {
        "seconds": took,
        "files": report.files.seen,
        "chunks": report.chunks.new,
        "tokens": report.embedded.tokens,
        "failures": len(report.failures),
        "stages": {name: round(spent, 2) for name, spent in report.seconds.items()},
        "processor": {
            "extraction": round(workers, 2),
            "joining": round(joining, 2),
            "engine_and_table": round(own - joining, 2),
        },
    }
    return run, texts


def embedded_texts(pipeline):
    """Every text of the table once. A heading prefix, which no row has, is not set here."""
    rows = pipeline.table().handle.lance.search().select(["text_hash", "text"]).to_arrow()
    return list(dict(zip(rows["text_hash"].to_pylist(), rows["text"].to_pylist(), strict=True)).values())


def one_bare(arguments, texts):
    session = Session(Config())
    engine = session.engine
    try:
        engine.embed(["warm"], model=arguments.model)
        began, cpu = time.perf_counter(), time.process_time()
        answer = engine.embed(texts, model=arguments.model, priority="bulk")
        return {
            "seconds": time.perf_counter() - began,
            "processor": time.process_time() - cpu,
            "tokens": int(answer.token_counts.sum()),
        }
    finally:
        session.close()


def memory():
    """Peak resident memory of whole runs in processes of their own, over made-up files and the weightless model."""
    peaks = {}
    for files in (500, 10_000):
        out = subprocess.run(
            [sys.executable, __file__, ".", "--peak-of", str(files)], capture_output=True, text=True, check=True
        )
        peaks[files] = json.loads(out.stdout.splitlines()[-1])["peak_mib"]
    return {"mib_at_500": peaks[500], "mib_at_10000": peaks[10_000], "ratio": round(peaks[10_000] / peaks[500], 3)}


def peak_of(arguments):
    base = Path(tempfile.mkdtemp(prefix="bench-memory-"))
    folder = base / "docs"
    try:
        # Words of a document, as folders have them: numbers would measure how many words the weightless model remembers.
        chance, words = random.Random(1), (Path(__file__).parent.parent / "ARCHITECTURE.md").read_text().split()
        for number in range(arguments.peak_of):
            path = folder / f"d{number % 100}" / f"f{number}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n\n".join(" ".join(chance.choices(words, k=8)) for _ in range(12)))
        session = Session(config_of(folder, base / "out", "hashing"))
        with open_pipeline(session) as pipeline:
            pipeline.converge()
        session.close()
    finally:
        shutil.rmtree(base)
    return {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "pid": os.getpid()}


if __name__ == "__main__":
    main()
