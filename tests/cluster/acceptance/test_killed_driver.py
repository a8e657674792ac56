"""A driver that is killed at each step of a commit, and a commit whose answer is lost: the next run ends in the same table.

The database is in a bucket behind a proxy that kills the driver at one request, so the step is exact. A lease in a bucket
outlives its holder for a minute. One step waits for that; after the others the lease is made as old as it would be by then.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import pytest

from tests.cluster.acceptance.encoders import encoded, plain
from tests.cluster.acceptance.places import SMALL, Place, counted, in_bucket, on_any
from tests.cluster.acceptance.servers import BUCKET, Answer, Asked, proxied
from tests.cluster.acceptance.tables import differences, open_table
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RESULT: Final = re.compile(r"__run/.*/part-\d+\.json")
COMMIT: Final = re.compile(r"chunks\.lance/_versions/")
TRANSACTION: Final = re.compile(r"chunks\.lance/_transactions/")
LEASE_SECONDS: Final = 60

Moment: TypeAlias = Literal["before", "unheard", "heard"]

STEPS: Final[dict[str, tuple[re.Pattern[str], int, Moment]]] = {
    "inside the making of the table": (COMMIT, 1, "before"),
    "before the first part result": (RESULT, 1, "before"),
    "after a part result": (RESULT, 2, "unheard"),
    "before the commit": (TRANSACTION, 2, "before"),
    "inside the commit": (COMMIT, 2, "before"),
    "after the commit, its answer unheard": (COMMIT, 2, "unheard"),
    "between the commit and its note in the journal": (COMMIT, 2, "heard"),
    "after a later commit": (COMMIT, 4, "unheard"),
}
"""The request at which the driver is killed: what it writes, the how many-th of them, and when: before the server gets it,
once the server has it and nobody heard the answer, or at what is asked next, when the answer was heard. A driver that has
committed asks for the indices of the table before it writes into its journal. The first version of a table is the empty one.
"""
WAITED_FOR: Final = "inside the commit"
"""The step whose next run is refused until the lease has run out; where it does is the same on Ray."""


@dataclass
class KillAt:
    """Kills once, at the n-th write of a pattern, or at the request that follows its answer."""

    pattern: re.Pattern[str]
    number: int
    moment: Moment
    kill: Callable[[], None] = lambda: None
    done: threading.Event = field(default_factory=threading.Event)
    _seen: int = 0
    _answered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked, hand_on: Callable[[], Answer]) -> Answer | None:
        if self._follows():
            return self._killed()
        if not (asked.method == "PUT" and self.pattern.search(asked.key) and self._is_it()):
            return hand_on()
        if self.moment == "before":
            return self._killed()
        answer = hand_on()
        if self.moment == "unheard":
            return self._killed()
        self._answered = True
        return answer

    def _killed(self) -> None:
        self.kill()
        self.done.set()

    def _follows(self) -> bool:
        """Whether this is the first request after the answer that was waited for."""
        with self._lock:
            follows, self._answered = self._answered, False
            return follows

    def _is_it(self) -> bool:
        with self._lock:
            self._seen += 1
            return self._seen == self.number


@dataclass
class LoseAnswer(KillAt):
    """Loses the answers of some commits: the server has them, and the driver hears nothing."""

    times: int = 1

    def _killed(self) -> None:
        self.done.set()

    def _is_it(self) -> bool:
        with self._lock:
            self._seen += 1
            return self.number <= self._seen < self.number + self.times


@pytest.mark.parametrize("step", STEPS)
def test_a_driver_killed_at_a_step(
    on: str, step: str, alone: Callable[[int, str], Place], folder: Path, server: int, plugins: str
) -> None:
    first = alone(150, "counted")
    pattern, number, moment = STEPS[step]
    with proxied(server) as proxy:
        place = counted(in_bucket(folder / f"{_name(step)}-{on}", first.docs, proxy, run=SMALL), plugins)
        proxy.fault = fault = KillAt(pattern, number, moment)
        running = place.start(on)
        fault.kill = running.kill
        until(lambda: fault.done.is_set() or running.ended, "the moment", 120)
        killed_at = time.time()
        until(lambda: not running.nodes(), "the end of its nodes")
        assert fault.done.wait(10), f"ended before the step came\n{running.wait().said[-2000:]}"
        proxy.fault = lambda asked, hand_on: hand_on()
        if number == 2 and pattern is COMMIT:
            assert noted_files(place) == 0
        texts_of = texts_by_source(first)
        computed = {text for source in sources_with_result(server, place) for text in texts_of.get(source, ())}
        before = len(encoded(place.texts))

        if step == WAITED_FOR and on == "processes":
            assert f"process {running.process.pid}" in place.ingest(on).done(code=3).said
            time.sleep(max(0.0, killed_at + LEASE_SECONDS + 1 - time.time()))
        else:
            let_lease_run_out(place)
        place.ingest(on).done()
        assert differences(first.rows(), place.rows()) == []
        assert not computed & set(encoded(place.texts)[before:]), "computed again, though their part had a result"


@on_any
@pytest.mark.parametrize("times", [1, 12])  # one that a client's own second try meets, and one where it gives up
def test_a_commit_whose_answer_is_lost_is_there_once(
    on: str, times: int, alone: Callable[[int, str], Place], folder: Path, server: int
) -> None:
    first = alone(200, "hashing")
    with proxied(server) as proxy:
        place = in_bucket(folder / f"lost-{on}-{times}", first.docs, proxy, run=SMALL)
        proxy.fault = fault = LoseAnswer(COMMIT, 2, "unheard", times=times)
        ended = place.ingest(on)
        proxy.fault = lambda asked, hand_on: hand_on()
        assert fault.done.is_set()
        if ended.code:  # it said that the store failed, which is true; the next run finds what is there
            assert ended.code == 3, ended.said
            place.ingest(on).done()
        assert differences(first.rows(), place.rows()) == []


def let_lease_run_out(place: Place) -> None:
    """Put the end of the lease of a driver that was killed where it would be a minute later: behind us."""
    lease = open_table(place.db, "chunks__lease", storage=place.storage)
    (holder,) = lease.to_arrow().to_pylist()
    assert time.time() < holder["expires"] <= time.time() + LEASE_SECONDS
    lease.update(values={"expires": holder["expires"] - LEASE_SECONDS})


def noted_files(place: Place) -> int:
    """How many files the journal of a place knows."""
    (path,) = place.state.glob("chunks-*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as journal:
        return int(journal.execute("SELECT count(*) FROM files").fetchone()[0])


def texts_by_source(place: Place) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    rows = place.rows()
    for source, text in zip(rows["source"].to_pylist(), rows["text"].to_pylist(), strict=True):
        found.setdefault(source, set()).add(plain(text))
    return found


def sources_with_result(server: int, place: Place) -> set[str]:
    """The documents that a part result says are stored, of those results that are in the bucket."""
    import boto3

    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{server}", aws_access_key_id="anyone",
                          aws_secret_access_key="anything", region_name="us-east-1")  # fmt: skip
    prefix = place.db.removeprefix(f"s3://{BUCKET}/")
    found: set[str] = set()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/chunks__run/"):
        for item in page.get("Contents", ()):
            if RESULT.search(item["Key"]):
                result = json.load(client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"])
                found |= {source for source, _, fate, *_ in result["files"] if fate == "stored"}
    return found


def _name(step: str) -> str:
    return step.replace(" ", "-").replace(",", "")
