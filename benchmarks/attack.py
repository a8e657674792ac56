"""Everything hostile at once against the real program: documents, rules, models, state, and clients of every bad kind.

Each attack says what was to happen, what did, the longest that `/healthz` and a normal query took meanwhile, and the peak
of memory over rest. At the end a normal query is answered as fast as before: medians of the same run. A bar that is
missed is shown, and the exit code is 1.

    python benchmarks/attack.py [--only STAGE_OR_PART …] [--shared] [--scale N] [--results FOLDER]

Stages are folders, documents, requests, clients; their parts are named in this file. Results go to
benchmarks/results/<commit>.json. Nearly ten minutes on two cores that do nothing else; where others work, `--shared` counts
of a wait only as long as the processor worked for the server meanwhile.
"""

import argparse
import signal
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import attack_clients as clients
import attack_documents as hostile
import attack_folders as folders
import attack_models as models
import attack_requests as requests
import attack_stalls as stalls
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

HEAD_SECONDS, BODY_SECONDS, WRITE_SECONDS = 3.0, 4.0, 5.0
DOCUMENT_SECONDS = 270
QUERIES = 300
MOST_SLOWER = 1.25
"""Two medians of one machine differ by some per cent by themselves."""


class Attack:
    """The outcomes so far, printed as they come."""

    def __init__(self, *, shared=False):
        self.outcomes = []
        self.seconds = {}
        self.shared = shared

    def told(self, outcome):
        self.outcomes.append(outcome)
        print(outcome.row, flush=True)

    def play(self, part, attack, *given):
        """Tell all outcomes of a part as they come; one that raises did not hold."""
        began = time.monotonic()
        try:
            found = attack(*given)
            for outcome in [found] if isinstance(found, Outcome) else found:
                self.told(outcome)
        except Exception as error:
            self.told(Outcome(part, "ends", f"{type(error).__name__}: {error}"[:300], False))
        self.seconds[part] = time.monotonic() - began


def median_ms(server):
    """In milliseconds; on a shared machine the mean of the processor's time."""
    took, worked = [], server.worked()
    for number in range(QUERIES):
        began = time.perf_counter()
        status, _ = server.post("/api/embed", {**QUERY, "input": f"{QUERY['input']} {number}"})
        took.append(time.perf_counter() - began)
        assert status == 200
    return (server.worked() - worked) / QUERIES * 1e3 if server.shared else statistics.median(took) * 1e3


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
        "models": models.broken_models(base),
        "server": {"allow_pull": True, **deadlines},
    }
    return Server(folder, config, HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}", HF_HUB_OFFLINE="0")


def documents(base):
    return folders.documents(base, DOCUMENT_SECONDS)


def slow(server):
    return clients.slow(server, BODY_SECONDS)


def unread(server):
    return clients.unread(server, WRITE_SECONDS * 8)


def standing_still(server):
    return stalls.stalls(server, max(HEAD_SECONDS, BODY_SECONDS, WRITE_SECONDS))


FOLDERS = {
    "rules": folders.rules, "workers": folders.killed_workers, "journal": folders.damaged_journal, "tables": folders.damaged_tables,
    "links": folders.swapped_links, "terminal": folders.terminal, "configurations": folders.configurations, "models": models.listed,
    "cache": models.compiled_cache,
}  # fmt: skip
ALONE = {"documents": documents, "limit": folders.limit}
"""These take every core, and are weighed."""
REQUESTS = {
    "lying models": models.lying_models, "values": requests.odd_values, "framing": requests.framing, "guard": requests.guard,
    "refusals": requests.refusals, "large": requests.large, "packed": requests.packed,
}  # fmt: skip
CLIENTS = {"slow": slow, "stalls": standing_still, "many": clients.many, "unread": unread, "pulls": clients.pulls}
STAGES = {"folders": FOLDERS, "documents": ALONE, "requests": REQUESTS, "clients": CLIENTS}
DISK, WIRE = {**FOLDERS, **ALONE}, {**REQUESTS, **CLIENTS}


def chosen(words):
    """The parts that these words mean, each the name of a part or of a stage."""
    parts = [part for word in words for part in STAGES.get(word, [word])]
    if unknown := set(parts) - {*DISK, *WIRE}:
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join([*STAGES, *DISK, *WIRE])}")
    return parts


def on_disk(attack, base, parts):
    """Those of a folder two at a time, since most of their time programs start; the others alone."""

    with ThreadPoolExecutor(2) as threads:
        for part in parts:
            if part in FOLDERS:
                threads.submit(attack.play, part, FOLDERS[part], base)
    for part in parts:
        if part in ALONE:
            attack.play(part, ALONE[part], base)


def on_the_wire(attack, base, parts):
    """The attacks on one server, and a normal query before and after them. Answers both medians in milliseconds."""
    hub = clients.http.server.ThreadingHTTPServer(("127.0.0.1", 0), clients.Hub)
    hub.daemon_threads = True
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    server = serve(base, hub)
    server.shared = attack.shared
    try:
        median_ms(server)  # warms all that is loaded on first use
        before, rest, descriptors = median_ms(server), server.memory(), server.descriptors()
        for part in parts:
            if part in WIRE:
                attack.play(part, WIRE[part], server)
        after, left = median_ms(server), server.memory() - rest
        told = f"{before:.2f} ms before, {after:.2f} ms after, {server.descriptors() - descriptors:+d} descriptors"
        most = before * MOST_SLOWER * (2 if server.shared else 1)  # what is left of others' work counts there too
        good = after <= most and server.descriptors() <= descriptors + stalls.MOST_LEFT
        attack.told(Outcome("a normal query", "answers as fast as before", told, good, memory=left))
        attack.told(Outcome(*clients.stopping(server)))
    finally:
        if server.process.poll() is None:
            server.stop()
        hub.shutdown()
    return before, after


def kept(record, attack, medians, seconds):
    outcomes = attack.outcomes
    single = [one for one in outcomes if one.most_wait == MOST_WAIT_SECONDS]
    figures = {
        one.name: {"happened": one.happened, "held": one.held, "healthz_ms": one.wait and one.wait * 1e3,
                   "query_ms": one.query and one.query * 1e3, "memory_over_rest_mib": one.memory}
        for one in outcomes
    }  # fmt: skip
    checks = [
        Check("attacks not held", sum(not one.held for one in outcomes), 0, at_most=True, unit=""),
        Check("longest /healthz", max((one.wait or 0 for one in single), default=0) * 1e3, MOST_WAIT_SECONDS * 1e3, at_most=True, unit="ms"),
        Check("longest query", max((one.query or 0 for one in single), default=0) * 1e3, MOST_QUERY_SECONDS * 1e3, at_most=True, unit="ms"),
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
    parser.add_argument("--only", nargs="+", default=[*STAGES], metavar="PART", help="some of the stages or parts")
    parser.add_argument("--shared", action="store_true", help="others work on this machine")
    parser.add_argument("--scale", type=int, default=1, help="take documents so many times smaller")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    hostile.SCALE = arguments.scale
    parts = chosen(arguments.only)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    attack = Attack(shared=arguments.shared)
    record, began = records.Record("attack", arguments.results), time.monotonic()
    print(
        "| attack | expected | happened | longest /healthz | longest query | memory over rest | |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    medians = None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        on_disk(attack, Path(folder), parts)
        if WIRE.keys() & set(parts):
            medians = on_the_wire(attack, Path(folder), parts)
    kept(record, attack, medians, time.monotonic() - began)
    not_held = [one.name for one in attack.outcomes if not one.held]
    print(
        f"\n{len(attack.outcomes)} attacks, not held: {not_held or 'none'}; {(time.monotonic() - began) / 60:.1f} minutes"
    )
    print("seconds:", ", ".join(f"{part} {seconds:.0f}" for part, seconds in attack.seconds.items()))
    record.end()
    return 1 if not_held else 0


if __name__ == "__main__":
    sys.exit(main())
