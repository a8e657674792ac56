"""SciFact through the real program: abstracts as files, ingested with default settings, searched, judged by nDCG@10.

    python benchmarks/scifact.py FOLDER_WITH_corpus.jsonl.gz_queries.tsv_qrels.txt

Nothing is tuned on these queries: k of the fusion is the 60 of its authors, the depth 100 of habit, the rest defaults.
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
import time
from pathlib import Path

from rows import median, tell

ROOT = Path(__file__).resolve().parent.parent


def write_out(corpus, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)
            (folder / f"{said['_id']}.txt").write_text(f"{said['title']}\n\n{said['text']}\n", "utf-8")


def program(home, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "embedingest", *arguments]
    return subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ingest(home, folder):
    out, err = (process := program(home, "ingest", str(folder), "--json")).communicate()
    if process.returncode:
        raise SystemExit(err)
    return json.loads(out)


@contextlib.contextmanager
def served(home):
    process = program(home, "serve", "--port", "0")
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                yield http.client.HTTPConnection("127.0.0.1", int(found[1]))
                break
        else:
            raise SystemExit("".join(lines))
    finally:
        process.terminate()
        process.communicate()


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--home", type=Path, help="keep files and table here, and use what is there")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    queries = dict(line.split("\t", 1) for line in (arguments.data / "queries.tsv").read_text("utf-8").splitlines())
    judged = collections.defaultdict(dict)
    for line in (arguments.data / "qrels.txt").read_text("utf-8").splitlines():
        key, _, name, value = line.split()
        judged[key][name] = int(value)
    home = arguments.home or Path(tempfile.mkdtemp(prefix="embedingest-scifact-"))
    folder = home / "scifact"
    if not folder.exists():
        write_out(arguments.data / "corpus.jsonl.gz", folder)
    report = ingest(home, folder)
    with served(home) as connection:
        found = {mode: judge(connection, queries, judged, mode) for mode in ("vector", "text", "hybrid")}
    tell(
        {"files": report["files"]["seen"], "queries": len(judged), "ingest": report["seconds"], **found}, arguments.out
    )


if __name__ == "__main__":
    main()
