"""What a run tells other threads of itself: counts that only grow, rates of now, seconds from a save to its commit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from embedingest.ingest.figures import Figures
from embedingest.ingest.report import IngestReport, Progress

if TYPE_CHECKING:
    pass

SECOND = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def figures(clock: Clock) -> Figures:
    return Figures(now=clock, clock=clock)


def progress(seconds: float, chunks: int, tokens: int) -> Progress:
    return Progress("ingest", 0, 0, chunks, tokens, seconds)


def test_counts_grow_from_run_to_run_and_while_one_is_under_way(figures: Figures) -> None:
    for run in range(3):
        report = IngestReport()
        figures.begin(report, Counter())
        report.chunks.new = 5
        report.embedded.tokens = 70
        assert figures.counted()["chunks_new"] == 5 * (run + 1)
        figures.end()
        assert figures.counted()["tokens"] == 70 * (run + 1)


def test_rates_are_of_the_latest_seconds_and_nothing_at_rest(figures: Figures) -> None:
    figures.begin(IngestReport(), Counter())
    figures(progress(2.0, 20, 2000))
    assert figures.rates() == (10.0, 1000.0)
    for second in range(3, 31):
        figures(progress(second, 20 + 100 * (second - 2), 2000))
        figures.rates()
    assert figures.rates() == (100.0, 0.0)
    figures.end()
    assert figures.rates() == (0.0, 0.0)


def test_a_save_counts_from_its_time_to_the_commit(figures: Figures, clock: Clock) -> None:
    clock.now += 10
    figures.committed(0.2, [("docs/a.md", "changed", int(1_008.5 * SECOND))], clock())
    assert figures.last_save == ("docs/a.md", 1.5, 1_010.0)
    assert figures.freshness.seconds == 1.5
    assert dict(zip(figures.freshness.bounds, figures.freshness.counts, strict=False))[2.5] == 1
    assert figures.commits.seconds == 0.2


@pytest.mark.parametrize(
    "saved",
    [
        pytest.param(("docs/old.md", "new", 900 * SECOND), id="older than the watch"),
        pytest.param(("docs/late.md", "new", 5_000 * SECOND), id="of a time to come"),
        pytest.param(("docs/moved.md", "moved", 1_005 * SECOND), id="moved"),
        pytest.param(("docs/bad.md", "failed", 1_005 * SECOND), id="not in the table"),
    ],
)
def test_what_says_nothing_of_a_save_counts_as_none(
    figures: Figures, clock: Clock, saved: tuple[str, str, int]
) -> None:
    clock.now += 10
    figures.committed(0.2, [saved], clock())
    assert figures.last_save is None
    assert sum(figures.freshness.counts) == 0


def test_errors_of_a_journal_that_was_opened_anew_are_added(figures: Figures) -> None:
    first, second = Counter({"SQLITE_FULL": 2}), Counter({"SQLITE_FULL": 1})
    for errors in (first, first, second):
        figures.begin(IngestReport(), errors)
    assert figures.journal_errors() == {"SQLITE_FULL": 3}


def test_silence_ends_with_the_next_sign(figures: Figures, clock: Clock) -> None:
    clock.now += 7
    assert figures.silent == 7
    figures.beat()
    assert figures.silent == 0
