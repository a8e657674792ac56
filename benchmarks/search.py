"""The vector index against exact search in one run: recall@10, median time, ratio. And what HTTP adds to a search.

    python benchmarks/search.py index --real-db DB --rows 1000000
    python benchmarks/search.py http --real-db DB

`--real-db` is a database that embedingest made of real documents; rows are its vectors plus noise, seed fixed.
"""

import argparse
import http.client
import json
import shutil
import tempfile
import time
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
    from embedingest.build.serving import open_searcher, open_server
    from embedingest.build.session import Session
    from embedingest.config import Config, ServerConfig

    _, texts = real(arguments.real_db)
    questions = [text[:80] for text in texts[: arguments.questions]]
    session = Session(Config())
    searcher = open_searcher(session, db=arguments.real_db, table="chunks", model=arguments.model)
    server = open_server(session, ServerConfig(port=0), searcher)
    server.start()
    engine = session.engine
    connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def ask(number):
        body = json.dumps({"query": questions[number]})
        connection.request("POST", "/api/search", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        assert answer["results"], answer

    def straight(number):
        vector = engine.embed([questions[number]], model=arguments.model).vectors[0]
        searcher.table.search(SearchQuery(questions[number], vector, highlight=False))

    for action in (ask, straight):
        milliseconds(action, min(10, len(questions)))
    # Taken in turns, so that whatever else the machine does falls on both.
    pairs = [
        (milliseconds(lambda _, n=n: ask(n), 1)[0], milliseconds(lambda _, n=n: straight(n), 1)[0])
        for n in range(len(questions))
    ]
    through, direct = median([a for a, _ in pairs]), median([b for _, b in pairs])
    adds = round(through - direct, 2)
    tell(
        arguments,
        "http",
        {"http_p50_ms": through, "engine_and_table_p50_ms": direct, "http_adds_ms": adds},
        [Check("HTTP above engine and table, p50", adds, 3.0, at_most=True, unit="ms")],
    )
    server.stop()
    session.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["index", "http"])
    parser.add_argument("--real-db", required=True)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--model", default="all-minilm")
    add_results(parser)
    arguments = parser.parse_args()
    {"index": index, "http": over_http}[arguments.what](arguments)


if __name__ == "__main__":
    main()
