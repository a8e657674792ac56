"""Where the time goes of what misses its target: shares, not verdicts.

python benchmarks/profiles.py command                      a whole `search`, nobody else having the table open
python benchmarks/profiles.py query                        a query of ten tokens in process
python benchmarks/profiles.py table --corpus CORPUS.jsonl.gz [--rows 1000000] [--folder FOLDER]
                                                           a hybrid search in a large table (see search.py)
"""

import argparse
import collections
import pstats
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import search
import start
from rows import add_results, median

from embedingest.build.session import Session
from embedingest.config import Config, ModelConfig
from embedingest.engine.compiled.encoder import create
from embedingest.engine.folder.folder import ModelFolder
from embedingest.store.search import search as searching
from embedingest.store.table import open_table
from embedingest.store.values import SearchQuery

import common
import record as records
import texts as corpora

COMMAND = ("-m", "embedingest", *start.COMMANDS["search"])
LEAST_MS = 5  # of a package or room, to be told
QUERIES = 200


def command(_):
    """Of a whole `search`: what importing takes, by packages, and what runs, by rooms; the processor's seconds by stages."""
    with tempfile.TemporaryDirectory(prefix="bench-profile-") as folder:
        base = Path(folder)
        shutil.copytree(start.ROOT / "docs", base / "docs")
        start.run(base, "ingest", "docs", "--model", "all-minilm")
        found = start.measured(base, ("help", "search", "search_text"), 5, "alone")
        found["import_ms"] = largest([imported(base) for _ in range(5)])
        found["run_ms"] = largest([run_by_rooms(base) for _ in range(3)])
    return found


def launched(base, *before):
    return subprocess.run(
        [sys.executable, *before, *COMMAND], cwd=base, env=start.environment(), capture_output=True, text=True, check=True
    )  # fmt: skip


def imported(base):
    """Milliseconds that the modules of each package take to be imported, without those that they import."""
    taken = collections.Counter()
    for line in launched(base, "-X", "importtime").stderr.splitlines():
        if told := re.fullmatch(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", line):
            taken[told[2].partition(".")[0]] += int(told[1]) / 1e3
    return taken


def run_by_rooms(base):
    """Milliseconds spent in functions of each package and of each room of ours, on the thread that began."""
    kept, taken = base / "profile", collections.Counter()
    launched(base, "-m", "cProfile", "-o", str(kept))
    for (file, _, name), (_, _, spent, _, _) in pstats.Stats(str(kept)).stats.items():
        taken[room(file, name)] += spent * 1e3
    return taken


def room(file, name):
    if file == "~":
        return re.sub(r" at 0x\w+| of '.*?' objects|[<>{}]", "", name)
    if theirs := re.search(r"site-packages/([^/.]+)", file):
        return theirs[1]
    if ours := re.search(r"embedingest/(embedingest/[^/]+)", file):
        return ours[1].removesuffix(".py")
    return "python"


def largest(runs):
    """Medians of what took longest."""
    names = {name for one in runs for name in one}
    usual = {name: median([one[name] for one in runs]) for name in names}
    told = {name: spent for name, spent in sorted(usual.items(), key=lambda pair: -pair[1]) if spent >= LEAST_MS}
    return {**told, "all": round(sum(usual.values()), 1)}


def query(_):
    """Of a query of ten tokens: its tokens, the model alone, and the engine with both, in blocks by turns."""
    folder = ModelFolder.open(common.packaged())
    encoder, session = create(folder, ModelConfig()), Session(Config())
    asked = corpora.queries(corpora.documents(None), QUERIES, folder.tokenizer_path)
    encoder.model.wait_for_rest()
    rows = dict(zip(asked, encoder.tokenize(asked), strict=True))
    session.engine.embed(asked[:2], model="all-minilm", priority="query")
    stages = {
        "tokens": lambda text: encoder.tokenize([text]),
        "model": lambda text: encoder.encode([rows[text]]),
        "engine": lambda text: session.engine.embed([text], model="all-minilm", priority="query"),
    }
    taken = collections.defaultdict(list)
    for begin in range(0, QUERIES, 10):
        for name, stage in stages.items():
            time.sleep(0.05)  # threads of a runtime spin on for a moment
            for text in asked[begin : begin + 10]:
                began = time.perf_counter()
                stage(text)
                taken[name].append(1e3 * (time.perf_counter() - began))
    session.close()
    return {f"{name}_p50_ms": median(spent) for name, spent in taken.items()}


def table(arguments):
    """Of a hybrid search: its query's vector, each side of it asked alone and beside the other, the rows of the page."""
    with search.searched_table(arguments) as (db, questions):
        session, opened, taken = Session(Config()), open_table(db, "chunks"), collections.defaultdict(list)
        timed(searching, "candidates", taken, lambda given: f"{given[1]} side")
        timed(searching, "_read", taken, lambda _: "rows of the page")
        for number in range(-5, len(questions)):  # the first ones are not counted
            if number == 0:
                taken.clear()
            text, began = questions[number], time.perf_counter()
            vector = session.engine.embed([text], model=arguments.model).vectors[0]
            taken["query's vector"].append(1e3 * (time.perf_counter() - began))
            for mode in ("hybrid", "vector", "text"):
                before = {name: len(spent) for name, spent in taken.items()}
                began = time.perf_counter()
                opened.search(SearchQuery(text, vector, mode=mode, highlight=False))
                whole = 1e3 * (time.perf_counter() - began)
                for name in [name for name in taken if not name.startswith(("query", "hybrid", "alone"))]:
                    new = taken[name][before.get(name, 0) :]
                    del taken[name][before.get(name, 0) :]
                    taken[f"{'hybrid' if mode == 'hybrid' else f'alone, {mode}'}: {name}"] += new
                taken["hybrid" if mode == "hybrid" else f"alone, {mode}"].append(whole)
        rows = opened.count()
        opened.close()
        session.close()
    return {"rows": rows, "p50_ms": {name: median(spent) for name, spent in sorted(taken.items()) if spent}}


def timed(module, name, taken, label):
    """Let a function of a module note the milliseconds of each call."""
    function = getattr(module, name)

    def noting(*given):
        began = time.perf_counter()
        try:
            return function(*given)
        finally:
            taken[label(given)].append(1e3 * (time.perf_counter() - began))

    setattr(module, name, noting)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["command", "query", "table"])
    parser.add_argument("--corpus", type=Path, help="of `table`: make the rows from the statistics of its vectors")
    parser.add_argument("--folder", type=Path, help="where made tables are kept for the next run")
    parser.add_argument("--rows", type=int, default=search.ROWS)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--model", default="all-minilm")
    add_results(parser)
    arguments = parser.parse_args()
    if arguments.what == "table" and arguments.corpus is None:
        parser.error("table needs --corpus")
    record = records.Record("profiles", arguments.results)
    figures = {"command": command, "query": query, "table": table}[arguments.what](arguments)
    print(figures)
    record.told(arguments.what, figures)
    sys.exit(record.end())


if __name__ == "__main__":
    main()
