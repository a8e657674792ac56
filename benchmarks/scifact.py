"""SciFact through the real program: abstracts as files, ingested with default settings, searched, judged by nDCG@10.

    python benchmarks/scifact.py FOLDER_WITH_corpus.jsonl.gz_queries.tsv_qrels.txt
    python benchmarks/scifact.py FOLDER --files 300       a trial: the judged abstracts first, no targets
    python benchmarks/scifact.py faq                      another collection, such as faq.py and manuals.py make: no targets

How scores are fused was chosen on half of these queries, together with half of those of faq.py and of manuals.py; nothing
else is tuned on them.
"""

import argparse
import collections
import contextlib
import gzip
import http.client
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from rows import median

from record import RESULTS, Check, Record

ROOT = Path(__file__).resolve().parent.parent


def write_out(corpus, folder, files, wanted):
    """One file for each abstract: all, or the judged ones and as many others as make up `files`."""
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        abstracts = [json.loads(line) for line in lines]
        abstracts.sort(key=lambda said: said["_id"] not in wanted)
        for said in abstracts[:files]:
            (folder / f"{said['_id']}.txt").write_text(f"{said['title']}\n\n{said['text']}\n", "utf-8")


def program(home, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "embedingest", *arguments]
    return subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ingest(home, folder):
    started = time.perf_counter()
    out, err = (process := program(home, "ingest", str(folder), "--json")).communicate()
    if process.returncode:
        raise SystemExit(err)
    return {**json.loads(out), "wall": round(time.perf_counter() - started, 1)}


@contextlib.contextmanager
def served(home):
    process = program(home, "serve", "--port", "0")
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                # What it goes on to say is read, or it would wait for that one day.
                threading.Thread(target=process.stderr.read, daemon=True).start()
                yield http.client.HTTPConnection("127.0.0.1", int(found[1]))
                break
        else:
            raise SystemExit("".join(lines))
    finally:
        process.terminate()
        process.wait(30)


def ndcg(ranking, judged, depth=10):
    gain = sum((2 ** judged.get(name, 0) - 1) / math.log2(place + 2) for place, name in enumerate(ranking[:depth]))
    best = sorted(judged.values(), reverse=True)[:depth]
    return gain / sum((2**value - 1) / math.log2(place + 2) for place, value in enumerate(best))


def judge(connection, queries, judged, mode):
    scores, taken = [], []
    for key, relevant in judged.items():
        body = json.dumps({"query": queries[key], "mode": mode, "limit": 10, "group": True})
        started = time.perf_counter()
        connection.request("POST", "/api/search", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        taken.append((time.perf_counter() - started) * 1000)
        assert answer["mode"] == mode, answer
        scores.append(ndcg([Path(hit["source"]).stem for hit in answer["results"]], relevant))
    return {"ndcg_at_10": round(sum(scores) / len(scores), 4), "p50_ms": median(taken)}


def read(data):
    """The queries by key, and for each its judged abstracts."""
    queries = dict(line.split("\t", 1) for line in (data / "queries.tsv").read_text("utf-8").splitlines())
    judged = collections.defaultdict(dict)
    for line in (data / "qrels.txt").read_text("utf-8").splitlines():
        key, _, name, value = line.split()
        judged[key][name] = int(value)
    return queries, judged


def targets(found):
    vector, hybrid = found["vector"]["ndcg_at_10"], found["hybrid"]["ndcg_at_10"]
    return [
        Check("hybrid nDCG@10", hybrid, 0.72, unit=""),
        Check("hybrid above vector only", round(hybrid - vector, 4), 0.03, unit=""),
        Check("vector nDCG@10", vector, 0.64, unit=""),
    ]


def partial(arguments):
    """Whether the targets, which are those of all of SciFact, say nothing of this run."""
    return arguments.files is not None or arguments.data.name != "scifact"


def measure(record, home, arguments):
    queries, judged = read(arguments.data)
    folder = home / arguments.data.name
    if not folder.exists():
        wanted = {name for relevant in judged.values() for name in relevant}
        write_out(arguments.data / "corpus.jsonl.gz", folder, arguments.files, wanted)
    report = ingest(home, folder)
    figures = {
        "files": report["files"]["seen"],
        "failures": len(report["failures"]),
        "tokens": report["embedded"]["tokens"],
        "seconds": report["wall"],
    }
    print(f"  ingest: {figures}", flush=True)
    record.keep("ingest", figures)
    with served(home) as connection:
        found = {mode: judge(connection, queries, judged, mode) for mode in ("vector", "text", "hybrid")}
    for mode, one in found.items():
        print(f"  {mode}: {one}", flush=True)
    record.told("search", {"queries": len(judged), **found}, [] if partial(arguments) else targets(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--files", type=int, help="so many abstracts, the judged ones first; default: all")
    parser.add_argument("--home", type=Path, help="keep files and table here, and use what is there")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = Record(arguments.data.name + (f" ({arguments.files} files)" if arguments.files else ""), arguments.results)
    with contextlib.ExitStack() as held:
        home = arguments.home or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="embedingest-scifact-")))
        measure(record, home, arguments)
    sys.exit(record.end())


if __name__ == "__main__":
    main()
