"""Kills of everything that writes a table: `watch`, `ingest`, `rebuild`, `optimize`, `restore`, `forget`, `confirm`.

SIGKILL at random moments: some time after the verb began, or shortly after it wrote its n-th version of the table.
After each kill the lock is free, no row is doubled, and a reader finds of every document at least one whole version;
the verb asked again (or, of a restored table, `resume`) ends in a table that is equal to a fresh ingest.

    python benchmarks/kill_verbs.py [--kills 300] [--seed 1] [--json]

The weightless model; what is killed extracts in processes of its own as always. Results go to benchmarks/results/<commit>.json.
Exit code 1 when a kill was not survived.
"""

import argparse
import contextlib
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Future
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from embedingest.build.rebuild import rebuild
from embedingest.build.remembered import remember
from embedingest.build.session import Session
from embedingest.config import Config, PipelineConfig, SourceConfig
from embedingest.ingest.extract import pool
from embedingest.ingest.extract.extractor import Extractor
from embedingest.store.lock import WriterLock
from embedingest.store.table import open_table
from embedingest.store.token import version_token
from tests.ingest.fresh import expected

import record as records
from record import Check

# Imported once, in the process that the children are forked from. Not LanceDB itself: it starts threads, which a fork
# does not take along.
PRELOADED = ["kill_verbs", "pandas", "pyarrow.dataset", "lance_namespace", "embedingest.ingest.pipeline"]
LONGEST_SECONDS = 60
CHUNKS = (32, 48)
TAG = "point"


class Place:
    """Two roots and a table over them. `tokens` is the longest chunk, which a rebuild changes."""

    def __init__(self, base, tokens=CHUNKS[0]):
        self.base, self.tokens = Path(base), tokens
        self.docs, self.extra = self.base / "docs", self.base / "extra"
        self.state, self.db = self.base / "out", str(self.base / "out" / "lancedb")

    @property
    def config(self):
        return PipelineConfig(
            sources=(SourceConfig(path=self.docs), SourceConfig(path=self.extra)), model="hashing", db=self.db,
            chunk={"max_tokens": self.tokens}, load={"workers": 1},
        )  # fmt: skip

    @contextlib.contextmanager
    def session(self):
        with Session(Config(state=self.state, pipelines={"default": self.config})) as session:
            yield session

    def pipeline(self, action):
        """What `action` answers of a pipeline that is opened and closed around it."""
        with self.session() as session:
            return action(session.pipeline())

    def contents(self):
        """Every row by id with its rounded vector."""
        with open_table(self.db, "chunks", read_consistency_seconds=0) as table:
            rows = [row for rows in table.rows(list(table.source_states())).values() for row in rows]
            vectors = table.vectors({row.text_hash for row in rows})
            assert len(rows) == table.count()
        assert len({row.id for row in rows}) == len(rows), "doubled rows"
        return {row.id: (row, tuple(np.round(vectors[row.text_hash].astype(float), 3))) for row in rows}

    def is_whole(self):
        """Whether a reader finds at least one whole version of every document."""
        by_version = Counter((row.source, row.content_hash, row.config_hash) for row, _ in self.contents().values())
        chunks = {
            (row.source, row.content_hash, row.config_hash): row.chunk_count for row, _ in self.contents().values()
        }
        whole = {key[0] for key, count in by_version.items() if count >= chunks[key]}
        return whole == {key[0] for key in by_version}


class Here:
    """Extraction in this process, for what prepares and puts right: no process is started for each."""

    def __init__(self, settings, **_):
        self._extractor = Extractor(settings)

    def submit(self, job, **_):
        future = Future()
        try:
            future.set_result(self._extractor.extract(job))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self):
        pass


# -- the verbs: what is prepared, what the child does, how it is put right


def follow(session):
    for _ in session.pipeline().follow():
        pass


ACTIONS = {
    "watch": follow,
    "ingest": lambda session: session.pipeline().converge(allow_deletes=True),
    "rebuild": rebuild,
    "optimize": lambda session: session.pipeline().perform("optimize", {}),
    "restore": lambda session: session.pipeline().perform("restore", {"name": TAG}),
    "forget": lambda session: session.pipeline().perform("forget", {"root": "extra"}),
    "confirm": lambda session: session.pipeline().perform("confirm", {}),
}


def prepare(place, verb, chance, step):
    if verb == "confirm":
        # Of fewer documents any share goes unasked.
        (place.docs / "many").mkdir(exist_ok=True)
        for number in range(40):
            (place.docs / "many" / f"{number}.md").write_text(f"Document {number} of many will go in step {step}.")
        place.pipeline(lambda pipeline: pipeline.converge(allow_deletes=True))
        for path in sorted(place.docs.rglob("*.md"))[:-3]:
            path.unlink()
        assert place.pipeline(lambda pipeline: pipeline.converge()).files.pending_deletes
    elif verb == "rebuild":
        place.tokens = CHUNKS[place.tokens == CHUNKS[0]]
    if verb in {"watch", "ingest", "rebuild", "optimize"}:
        change(place, chance, step)
    if verb == "optimize":
        place.pipeline(lambda pipeline: pipeline.converge(allow_deletes=True))


def put_right(place, verb):
    """As a person would: the same again, until it ended."""
    with place.session() as session:
        if verb == "rebuild":
            rebuild(session)
            return
        pipeline = session.pipeline()
        if pipeline.paused:
            pipeline.perform("resume", {})
        elif verb == "confirm":
            pipeline.perform("confirm", {})
        pipeline.converge(allow_deletes=True)
        if verb == "optimize":
            pipeline.perform("optimize", {})


def change(place, chance, step):
    for number in range(chance.randrange(8, 30)):
        path = place.docs / chance.choice("abcd") / f"{chance.randrange(20)}.md"
        what = chance.random()
        if what < 0.2 and path.exists():
            path.unlink()
        elif what < 0.4 and path.exists():
            path.rename(path.with_name(f"moved-{step}-{number}.md"))
        else:
            words = [f"Paragraph {chance.randrange(60)} says what it says in some words." for _ in range(20)]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n\n".join(words))


# -- the children


def act(base, mine):
    """What a child does: say that it is ready, and what it is told to."""
    import lancedb  # noqa: F401 -- before it says that it is ready

    mine.send("ready")
    verb, tokens = mine.recv()
    with Place(base, tokens).session() as session:
        ACTIONS[verb](session)
    mine.send("done")


class Child:
    def __init__(self, context, base):
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=act, args=(str(base), theirs))
        self.process.start()
        theirs.close()

    def go(self, verb, tokens):
        assert self.pipe.recv() == "ready"
        self.pipe.send((verb, tokens))

    def kill(self):
        self.process.kill()
        self.process.join()
        self.pipe.close()


def kill_at_random(place, child, verb, chance, usual):
    """Kill it some time after it began, or soon after its n-th new version. Whether it had not ended by itself."""
    began, token, versions = (
        time.monotonic(),
        version_token(place.db, "chunks"),
        chance.choice([None, None, 0, 1, 1, 2, 3]),
    )
    longest = LONGEST_SECONDS if versions is not None else chance.uniform(0, 1.1 * usual)
    while time.monotonic() - began < longest and not ended(child):
        now = version_token(place.db, "chunks")
        if versions is not None and now != token:
            token, versions = now, versions - 1
        if versions is not None and versions <= 0:
            time.sleep(chance.uniform(0, 0.03))
            break
        if verb == "watch" and time.monotonic() - began > 3 * usual:
            break  # it ends by no other way
        time.sleep(0.001)
    alive = not ended(child)
    child.kill()
    return alive


def ended(child):
    return child.pipe.poll() or not child.process.is_alive()


# -- the campaign


def campaign(base, arguments):
    chance, place, began = random.Random(arguments.seed), Place(base), time.monotonic()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    pool.WorkerPool = Here  # in this process alone
    furnish(place, chance)
    usual = dict.fromkeys(ACTIONS, 1.5)
    killed, finished, wrong = Counter(), Counter(), []
    children = [Child(context, base), Child(context, base)]
    share = -(-arguments.kills // len(ACTIONS))
    step = 0
    try:
        while len(killed) < len(ACTIONS) or min(killed.values()) < share:
            verb = min(ACTIONS, key=lambda name: (killed[name], chance.random()))
            step += 1
            prepare(place, verb, chance, step)
            child = children.pop(0)
            child.go(verb, place.tokens)
            started = time.monotonic()
            if kill_at_random(place, child, verb, chance, usual[verb]):
                killed[verb] += 1
            else:
                finished[verb] += 1
                usual[verb] = 0.7 * usual[verb] + 0.3 * (time.monotonic() - started)
            children.append(Child(context, base))
            wrong += look(place, verb, step)
            if step % 25 == 0:
                print(f"  {sum(killed.values())} kills, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    finally:
        for child in children:
            child.kill()
    return {"kills": dict(killed), "ended_first": dict(finished), "wrong": wrong, "rows": len(place.contents()),
            "seconds": round(time.monotonic() - began, 1)}  # fmt: skip


def furnish(place, chance):
    place.docs.mkdir()
    place.extra.mkdir()
    for step in range(3):
        change(place, chance, step)
    for number in range(12):
        (place.extra / f"{number}.md").write_text(f"Document {number} of the other root has its own text.")
    time.sleep(0.1)
    with place.session() as session:
        pipeline = session.pipeline()
        remember(pipeline, session.config)
        pipeline.converge()
        pipeline.perform("tag", {"name": TAG})


def look(place, verb, step):
    """What does not hold after a kill: at once, and once it was put right."""
    wrong = []
    try:
        WriterLock(place.db, "chunks").acquire().release()
        if not place.is_whole():
            wrong.append(f"{step} {verb}: a document has no whole version")
        put_right(place, verb)
        if place.contents() != expected(place):
            wrong.append(f"{step} {verb}: not equal to a fresh ingest")
    except Exception as error:
        wrong.append(f"{step} {verb}: {type(error).__name__}: {error}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("kill verbs", arguments.results)
    base = Path(tempfile.mkdtemp(prefix="bench-kill-verbs-"))
    try:
        result = campaign(base, arguments)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(json.dumps(result) if arguments.json else "\n".join(f"{k:>24}  {v}" for k, v in result.items()))
    checks = [
        Check("kills", sum(result["kills"].values()), arguments.kills, unit="kills"),
        Check("kills not survived", len(result["wrong"]), 0, at_most=True, unit="kills"),
    ]
    record.told(f"{arguments.kills} kills, seed {arguments.seed}", result, checks)
    sys.exit(record.end() or int(bool(result["wrong"])))


if __name__ == "__main__":
    main()
