"""Progress is told some ten times a second, and noted in the journal once a second."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from embedingest.ingest.forecast import Work
from embedingest.ingest.report import IngestReport, Progress
from embedingest.ingest.run.progress import ProgressReporter, Standing, read_run
from embedingest.ingest.state.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


class At:
    """A walk that stands where the test says."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def standing(self) -> Standing:
        return self._standing


class Told:
    """A reporter whose clock the test moves, and what it told."""

    def __init__(self, journal: Journal) -> None:
        self.seconds = 100.0
        self.progress: list[Progress] = []
        self.reporter = ProgressReporter(
            journal, self.progress.append, now=lambda: 1_000.0 + self.seconds, clock=lambda: self.seconds
        )

    def tell(self, done: int, total: int = 10, *, always: bool = False) -> None:
        report = IngestReport()
        report.embedded.tokens = 50 * done
        work = Work(1000 * total, 1000 * done, 0, 1000 * done, 1000 * done)
        self.reporter.tell("ingest", report, At(Standing(done, total, 1000 * done, work=work)), always=always)


def test_it_is_told_ten_times_a_second_at_most_unless_it_must_be(journal: Journal) -> None:
    told = Told(journal)
    for step in range(100):
        told.seconds = 100 + step / 100
        told.tell(step)
    assert 9 <= len(told.progress) <= 11
    told.tell(99, always=True)
    told.tell(100, always=True)
    assert [progress.done for progress in told.progress[-2:]] == [99, 100]


def test_rates_count_from_the_beginning_of_the_run(journal: Journal) -> None:
    told = Told(journal)
    told.seconds = 150
    told.reporter.begin(IngestReport())
    told.seconds = 152
    told.tell(4)
    assert told.progress[-1].tokens_per_second == 100.0


def test_the_journal_says_where_the_run_stands_and_how_old_that_is(journal: Journal) -> None:
    told = Told(journal)
    told.reporter.begin(IngestReport())
    for done in (3, 4):
        told.seconds += 1
        told.tell(done)
    told.seconds += 0.5
    told.tell(5)
    assert read_run(journal, now=1_103.0) == {
        "pid": os.getpid(), "stage": "ingest", "done": 4, "total": 10, "tokens_per_second": 100.0,
        "chunks_per_second": 0.0, "share": 0.4, "seconds_left": 6.0, "age": 1.0,
    }  # fmt: skip


def test_a_run_over_no_files_leaves_no_note(journal: Journal) -> None:
    told = Told(journal)
    told.tell(0, 0, always=True)
    assert told.progress
    assert read_run(journal, now=0.0) is None


def test_a_note_of_an_earlier_version_has_no_time_left(journal: Journal) -> None:
    told = Told(journal)
    told.tell(4)
    note = json.loads(journal.meta("progress") or "")
    for later in ("seconds_left", "chunks_per_second", "share", "last_save"):
        del note[later]
    journal.set_meta("progress", json.dumps(note))
    run = read_run(journal, now=1_200.0)
    assert run is not None
    assert (run["seconds_left"], run["share"]) == (None, 0.4)


def test_the_time_left_is_that_of_this_run_and_a_pause_is_in_no_rate(journal: Journal) -> None:
    told = Told(journal)
    for done in range(1, 4):
        told.seconds += 100
        told.tell(done)
    told.reporter.begin(IngestReport())
    told.seconds += 1
    told.tell(1)
    told.seconds += 50
    told.reporter.pause(50)
    for done in range(2, 6):
        told.seconds += 1
        told.tell(done)
    assert told.progress[-1].seconds_left == pytest.approx(5)


def test_the_last_commit_and_the_index_over_all_rows_count_as_left(journal: Journal) -> None:
    alone, committing = Told(journal), Told(journal)
    for told in (alone, committing):
        for step in range(1, 6):
            told.seconds += 1
            told.tell(step, always=True)
    committing.reporter.committed(2.0, [])
    for told in (alone, committing):
        told.seconds += 1
        told.tell(6, always=True)
    before, after = (told.progress[-1].seconds_left for told in (alone, committing))
    assert before is not None
    assert after == pytest.approx(before + 2.0 + 0.4 * 2.0 * 10 / 6)
