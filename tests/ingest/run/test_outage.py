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
