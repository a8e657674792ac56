"""Failures in a row are waited for longer and longer, and the journal says so until it works again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedingest.errors import EngineError, FingerprintError, LockedError, StoreError
from embedingest.ingest.run.outage import Outage, is_hopeless, read_outage
from embedingest.ingest.state.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def test_the_next_try_is_due_after_a_wait_and_the_waits_grow_to_a_minute(journal: Journal) -> None:
    seconds = 0.0
    outage = Outage(lambda: journal, now=lambda: 1_000.0 + seconds, clock=lambda: seconds)
    assert not outage
    assert not outage.due
    waits = []
    for _ in range(12):
        outage.failed(EngineError("out of memory"))
        assert not outage.due
        status = read_outage(journal, 1_000.0 + seconds)
        assert status is not None
        waits.append(status["next_try_seconds"])
        seconds += waits[-1] + 0.1
        assert outage.due
    assert waits[0] < 10
    assert max(waits) == 60.0


class Disk:
    """What is free, and a clock that the test moves."""

    def __init__(self) -> None:
        self.seconds, self.free, self.looks = 100.0, 10**9, 0

    def room(self) -> int:
        self.looks += 1
        return self.free

    def outage(self, journal: Journal, failures: int) -> Outage:
        outage = Outage(lambda: journal, now=lambda: 0.0, clock=lambda: self.seconds, room=self.room)
        for _ in range(failures):
            outage.failed(StoreError("it cannot be written"))
        return outage

    def wait(self, outage: Outage, most: float) -> float:
        """Seconds until the next try is due, looked at as a watch does."""
        began = self.seconds
        while not outage.due and self.seconds < began + most:
            self.seconds += 0.2
        return self.seconds - began


@pytest.mark.parametrize("failures", [1, 3, 20])
@pytest.mark.parametrize(("before", "after"), [(-1, 10**9), (4096, 10**9), (0, 2 * 10**8)])
def test_a_cause_that_is_gone_ends_the_wait_within_seconds(
    journal: Journal, failures: int, before: int, after: int
) -> None:
    disk = Disk()
    disk.free = before
    outage = disk.outage(journal, failures)
    disk.seconds += 1.0
    assert not outage.due
    disk.free = after
    assert disk.wait(outage, 60.0) <= 6.0


def test_a_cause_that_is_not_gone_is_waited_for_as_ever_and_looked_at_once_a_second(journal: Journal) -> None:
    for free in (-1, 10**9):
        disk = Disk()
        disk.free = free
        outage = disk.outage(journal, 20)
        before = disk.looks
        assert disk.wait(outage, 120.0) >= 25.0
        assert disk.looks - before <= 61


def test_what_happens_meanwhile_brings_the_next_try_near_and_never_close(journal: Journal) -> None:
    disk = Disk()
    outage = disk.outage(journal, 20)
    outage.nudge()
    assert not outage.due
    assert 1.0 < disk.wait(outage, 60.0) <= 5.5
    outage.failed(StoreError("still"))
    outage.nudge()
    outage.nudge()
    assert not outage.due


def test_status_says_what_failed_how_often_and_since_when(journal: Journal) -> None:
    outage = Outage(lambda: journal, now=lambda: 1_000.0, clock=lambda: 0.0)
    for _ in range(3):
        outage.failed(StoreError("the disk is full", remedy="make room"))
    status = read_outage(journal, 1_000.0)
    assert status is not None
    assert (status["error"], status["remedy"], status["attempts"], status["since"]) == (
        "the disk is full", "make room", 3, 1_000.0,
    )  # fmt: skip
    outage.over()
    assert not outage
    assert read_outage(journal, 1_000.0) is None


@pytest.mark.parametrize(
    ("error", "hopeless"),
    [
        (EngineError("away"), False),
        (StoreError("full"), False),
        (LockedError("x"), True),
        (FingerprintError("x"), True),
    ],
)
def test_only_a_person_mends_what_is_hopeless(error: EngineError, hopeless: bool) -> None:
    assert is_hopeless(error) is hopeless
