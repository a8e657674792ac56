"""The vector index against exact search in one run: recall@10, median time, ratio. And what HTTP adds to a search.

    python benchmarks/search.py index --real-db DB --rows 1000000
    python benchmarks/search.py http --corpus CORPUS.jsonl.gz [--rows 1000000] [--folder FOLDER]
    python benchmarks/search.py http --real-db DB

`--real-db` is a database that embedingest made of real documents; rows of `index` are its vectors plus noise, seed fixed.
With `--corpus` rows are made documents (see `vectors.py`); a table of a million takes some minutes and 3 GB, and is made
once where a `--folder` is named.
"""

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from rows import add_results, fill, median, milliseconds, noisy, real, tell

from embedingest.store.values import SearchQuery

from record import Check

ROWS = 1_000_000


def index(arguments):
    vectors, texts = real(arguments.real_db)
    held, known = vectors[-500:], vectors[:-500]
    folder = Path(tempfile.mkdtemp(prefix="embedingest-search-"))
    try:
        started = time.perf_counter()
        table = fill(folder, arguments.rows, known, texts)
        filled = time.perf_counter() - started
        started = time.perf_counter()
        table.maintain()
        tended = time.perf_counter() - started
        # Real vectors that no row was made from, moved by noise of another seed.
        questions = noisy(held, arguments.questions, np.random.default_rng(11))
        measured = against_exact(table, questions)
        made = table.stats().vector_index
        table.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    checks = [
        Check("recall@10 against exact search", measured["recall_at_10"], 0.95, unit=""),
        Check("faster than exact search", measured["times_faster"], 5.0),
    ]
    tell(
        arguments,
        "index" if arguments.rows == ROWS else f"index of {arguments.rows:,} rows",
        {
            "rows": arguments.rows,
            "fill_seconds": round(filled, 1),
            "index_seconds": round(tended, 1),
            "index": None if made is None else {n: getattr(made, n) for n in made.__slots__},
            **measured,
        },
        checks if arguments.rows == ROWS else [],
    )


def against_exact(table, questions):
    def exact(number):
        asked = table.handle.lance.search(questions[number], vector_column_name="vector", query_type="vector")
        asked = asked.distance_type("cosine").bypass_vector_index().limit(10).select(["id", "_distance"])
        return set(asked.to_arrow().column("id").to_pylist())

    def ours(number):
        return {hit.row.id for hit in table.search(SearchQuery("q", questions[number], mode="vector")).hits}

    warm = min(3, len(questions))
    milliseconds(exact, warm)
    milliseconds(ours, warm)
    truth, found = [], []
    slow = milliseconds(lambda n: truth.append(exact(n)), len(questions))
    fast = milliseconds(lambda n: found.append(ours(n)), len(questions))
    recall = float(np.mean([len(t & f) / len(t) for t, f in zip(truth, found, strict=True)]))
    return {
        "recall_at_10": round(recall, 4),
        "exact_p50_ms": median(slow),
        "ours_p50_ms": median(fast),
        "times_faster": round(median(slow) / median(fast), 1),
    }


def over_http(arguments):
    """A search over HTTP, as `serve` answers it, and the same straight from engine and table, by turns."""
    from serve import Client

    from embedingest.build.session import Session
    from embedingest.config import Config
    from embedingest.store.table import open_table

    with searched_table(arguments) as (db, questions), served(db, arguments.model) as url:
        session, table, client = Session(Config()), open_table(db, "chunks"), Client(url)
        engine = session.engine

        def ask(number, mode="hybrid"):
            answer = json.loads(
                client.post("/api/search", json.dumps({"query": questions[number], "mode": mode}).encode())
            )
            assert answer["results"], answer

        def straight(number):
            vector = engine.embed([questions[number]], model=arguments.model).vectors[0]
            table.search(SearchQuery(questions[number], vector, highlight=False))

        asked = {"http": ask, "http_vector": partial(ask, mode="vector"), "http_text": partial(ask, mode="text"),
                 "engine_and_table": straight}  # fmt: skip
        taken = {name: [] for name in asked}
        for action in asked.values():
            milliseconds(action, min(10, len(questions)))
        # Taken in turns, so that whatever else the machine does falls on all. A warm one first: no cache is measured.
        for number in range(len(questions)):
            for name, action in asked.items():
                taken[name] += milliseconds(lambda _, n=number, action=action: action(n), 1)
        rows = table.count()
        table.close()
        session.close()
    found = {f"{name}_p50_ms": median(spent) for name, spent in taken.items()}
    found |= {"http_p95_ms": round(sorted(taken["http"])[len(questions) * 95 // 100], 2), "rows": rows}
    found["http_adds_ms"] = round(found["http_p50_ms"] - found["engine_and_table_p50_ms"], 2)
    checks = [Check("HTTP above engine and table, p50", found["http_adds_ms"], 3.0, at_most=True, unit="ms")]
    if rows >= ROWS:
        checks.append(Check("a search over HTTP, p50", found["http_p50_ms"], 25.0, at_most=True, unit="ms"))
    tell(arguments, f"http, {rows:,} rows" if arguments.corpus else "http", found, checks)


@contextlib.contextmanager
def searched_table(arguments):
    """A database and questions: the real one that was named, or one of made documents, kept in `--folder` if it is named."""
    if arguments.corpus is None:
        yield arguments.real_db, [text[:80] for text in real(arguments.real_db)[1][: arguments.questions]]
        return
    import large
    import vectors

    texts, _ = vectors.chunked(arguments.corpus)
    model = described(arguments.model)
    with contextlib.ExitStack() as held:
        folder = arguments.folder or held.enter_context(tempfile.TemporaryDirectory(prefix="embedingest-search-"))
        db = Path(folder) / f"{arguments.rows}-rows"
        if not (db / "whole").exists():
            shutil.rmtree(db, ignore_errors=True)
            started = time.perf_counter()
            filler = large.Filler(vectors.of(arguments.corpus), texts, fingerprint=model.fingerprint)
            with filler.table(db, arguments.rows) as table:
                print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
                table.maintain()
            print(f"filled and tended in {time.perf_counter() - started:.0f} s", flush=True)
            (db / "whole").touch()
        yield str(db), [text[:80] for text in texts[-arguments.questions :]]


def described(model):
    from embedingest.build.session import Session
    from embedingest.config import Config

    session = Session(Config())
    try:
        return session.engine.describe(model)
    finally:
        session.close()


@contextlib.contextmanager
def served(db, model):
    """The address of `serve` over a table, its model loaded."""
    from serve import ready, started, waited

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "embedingest", "serve", "--db", str(db), "--table", "chunks", "--model", model]
        command += ["--state", f"{folder}/state", "--port", "0"]
        with started(command, r"(http://127\.0\.0\.1:\d+)", Path(folder)) as (process, url):
            waited(lambda: ready(url), process, Path(folder) / "out")
            yield url


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["index", "http"])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--real-db")
    source.add_argument("--corpus", type=Path, help="of `http`: make the rows from the statistics of its vectors")
    parser.add_argument("--folder", type=Path, help="where made tables are kept for the next run")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--model", default="all-minilm")
    add_results(parser)
    arguments = parser.parse_args()
    if arguments.what == "index" and arguments.real_db is None:
        parser.error("index needs --real-db")
    {"index": index, "http": over_http}[arguments.what](arguments)


if __name__ == "__main__":
    main()
