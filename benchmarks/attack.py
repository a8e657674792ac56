"""Everything hostile at once against the real program: documents, rules, models, state, and clients of every bad kind.

Each attack says what was to happen, what did, the longest that `/healthz` and a normal query took meanwhile, and the peak
of memory over rest. At the end a normal query is answered as fast as before: medians of the same run. A bar that is
missed is shown, and the exit code is 1.

    python benchmarks/attack.py [--only folders documents requests clients] [--scale N] [--results FOLDER]

Results go to benchmarks/results/<commit>.json. About eight minutes on two cores that do nothing else.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import attack_clients as clients
import attack_documents as hostile
import attack_folders as folders
import attack_requests as requests
import record as records
from attack_common import (
    MOST_INGEST_MIB,
    MOST_MEMORY_MIB,
    MOST_QUERY_SECONDS,
    MOST_WAIT_SECONDS,
    QUERY,
    Outcome,
    Server,
)
from record import Check

STAGES = ("folders", "documents", "requests", "clients")
HEAD_SECONDS, BODY_SECONDS, WRITE_SECONDS = 3.0, 4.0, 5.0
DOCUMENT_SECONDS = 270
QUERIES = 300
MOST_SLOWER = 1.25
"""Two medians of one machine differ by some per cent by themselves."""


class Attack:
    """The outcomes so far, printed as they come."""

    def __init__(self):
        self.outcomes = []

    def told(self, outcome):
        self.outcomes.append(outcome)
        print(outcome.row, flush=True)

    def all(self, outcomes):
        for outcome in outcomes:
            self.told(outcome)


def median_ms(server):
    took = []
    for number in range(QUERIES):
        began = time.perf_counter()
        status, _ = server.post("/api/embed", {**QUERY, "input": f"{QUERY['input']} {number}"})
        took.append(time.perf_counter() - began)
        assert status == 200
    return statistics.median(took) * 1e3


def serve(base, hub):
    """The program with a small table, broken models beside the healthy ones, short deadlines, and a hub of ours."""
    folder = folders.room(base, "served")
    for number in range(20):
        (folder / "docs" / f"{number}.md").write_text(folders.HEALTHY.format(number))
    deadlines = {
        "head_timeout_seconds": HEAD_SECONDS,
        "body_timeout_seconds": BODY_SECONDS,
        "write_timeout_seconds": WRITE_SECONDS,
    }
    config = {
        "state": "state",
        "pipelines": {"docs": {"sources": [{"path": "docs"}], "model": "all-minilm", "db": "state/lancedb"}},
        "models": folders.broken_models(base),
        "server": {"allow_pull": True, **deadlines},
    }
    return Server(folder, config, HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}", HF_HUB_OFFLINE="0")


def on_disk(attack, base, stages):
    if "folders" in stages:
        attack.told(folders.rules(base))
        attack.told(folders.killed_workers(base))
        attack.all(folders.damaged_state(base))
        attack.told(folders.swapped_links(base))
        attack.told(folders.terminal(base))
        attack.all(folders.configurations(base))
        attack.told(folders.compiled_cache(base))
    if "documents" in stages:
        attack.told(folders.documents(base, DOCUMENT_SECONDS))


def on_the_wire(attack, base, stages):
    """The attacks on one server, and a normal query before and after them. Answers both medians in milliseconds."""
    hub = clients.http.server.ThreadingHTTPServer(("127.0.0.1", 0), clients.Hub)
    hub.daemon_threads = True
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    server = serve(base, hub)
    try:
        median_ms(server)  # warms all that is loaded on first use
        before, rest = median_ms(server), server.memory()
        if "requests" in stages:
            attack.all(folders.lying_models(server))
            for stage in (requests.odd_values, requests.framing, requests.guard, requests.large):
                attack.all(stage(server))
        if "clients" in stages:
            attack.all(clients.slow(server, BODY_SECONDS))
            attack.all(clients.many(server))
            attack.all(clients.unread(server, WRITE_SECONDS * 8))
            attack.all(clients.pulls(server))
        after, left = median_ms(server), server.memory() - rest
        told = f"{before:.2f} ms before, {after:.2f} ms after"
        attack.told(Outcome("a normal query", "as fast as before", told, after <= before * MOST_SLOWER, memory=left))
        attack.told(Outcome(*clients.stopping(server)))
    finally:
        if server.process.poll() is None:
            server.stop()
        hub.shutdown()
    return before, after


def kept(record, attack, medians, seconds):
    outcomes = attack.outcomes
    figures = {
        one.name: {"happened": one.happened, "held": one.held, "healthz_ms": one.wait and one.wait * 1e3,
                   "query_ms": one.query and one.query * 1e3, "memory_over_rest_mib": one.memory}
        for one in outcomes
    }  # fmt: skip
    checks = [
        Check("attacks not held", sum(not one.held for one in outcomes), 0, at_most=True, unit=""),
        Check("longest /healthz", max((one.wait or 0 for one in outcomes), default=0) * 1e3, MOST_WAIT_SECONDS * 1e3, at_most=True, unit="ms"),
        Check("longest query", max((one.query or 0 for one in outcomes), default=0) * 1e3, MOST_QUERY_SECONDS * 1e3, at_most=True, unit="ms"),
        Check("server's memory over rest", _most(outcomes, MOST_MEMORY_MIB), MOST_MEMORY_MIB, at_most=True, unit="MiB"),
        Check("ingest's memory over rest", _most(outcomes, MOST_INGEST_MIB), MOST_INGEST_MIB, at_most=True, unit="MiB"),
        Check("all of it", seconds / 60, 10, at_most=True, unit="min"),
    ]  # fmt: skip
    if medians:
        checks.append(Check("a query afterwards", medians[1] / medians[0], MOST_SLOWER, at_most=True))
    record.told("attacks", figures, checks)


def _most(outcomes, bar):
    return max((one.memory for one in outcomes if one.memory is not None and one.most_memory == bar), default=0.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=STAGES, default=STAGES, help="some of the stages")
    parser.add_argument("--scale", type=int, default=1, help="take documents so many times smaller")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    hostile.SCALE = arguments.scale
    record, attack, began = records.Record("attack", arguments.results), Attack(), time.monotonic()
    print(
        "| attack | expected | happened | longest /healthz | longest query | memory over rest | |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    medians = None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        on_disk(attack, Path(folder), arguments.only)
        if {"requests", "clients"} & set(arguments.only):
            medians = on_the_wire(attack, Path(folder), arguments.only)
    kept(record, attack, medians, time.monotonic() - began)
    not_held = [one.name for one in attack.outcomes if not one.held]
    print(
        f"\n{len(attack.outcomes)} attacks, not held: {not_held or 'none'}; {(time.monotonic() - began) / 60:.1f} minutes"
    )
    record.end()
    return 1 if not_held else 0


if __name__ == "__main__":
    sys.exit(main())
