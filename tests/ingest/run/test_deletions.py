"""No folder that vanished, came back empty or lost most of its files deletes rows until a person says so."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.run.deletions import LEAST_DOCUMENTS, RecentDeletions, judge
from embedingest.ingest.state.retries import MAX_ATTEMPTS, delay


def decide(gone: list[str], **more: Any) -> Any:
    settings = {"documents": 100, "present": 50, "recent": 0, "share": 0.5, "confirmed": {}, "allow": False, **more}
    return judge(gone, **settings)


def names(count: int) -> list[str]:
    return [f"docs/{n}" for n in range(count)]


def test_a_few_deletions_happen_at_once() -> None:
    assert decide(names(50)).delete == tuple(names(50))


def test_more_than_the_share_waits() -> None:
    verdict = decide(names(51))
    assert (verdict.delete, verdict.wait) == ((), tuple(names(51)))
    assert "51" in verdict.reason


def test_many_small_deletions_within_a_minute_count_together() -> None:
    assert decide(names(20), documents=60, recent=40).wait
    assert not decide(names(20), documents=60, recent=10).wait


def test_an_empty_root_waits_whatever_its_size() -> None:
    assert decide(names(1), documents=1, present=0).wait == ("docs/0",)


def test_a_share_of_a_handful_is_no_alarm() -> None:
    assert not decide(names(3), documents=LEAST_DOCUMENTS - 1, present=1).wait


def test_what_a_person_confirmed_goes_and_the_rest_goes_on_waiting() -> None:
    verdict = decide(names(3), confirmed={"docs/0": True, "docs/1": False})
    assert set(verdict.delete) == {"docs/0", "docs/2"}
    assert verdict.wait == ("docs/1",)


def test_what_may_only_be_away_waits_however_little_it_is_and_holds_nothing_else_up() -> None:
    verdict = decide(names(3), doubtful={"docs/1"})
    assert (set(verdict.delete), verdict.wait) == ({"docs/0", "docs/2"}, ("docs/1",))
    assert "away" in verdict.reason
    assert decide(names(3), doubtful={"docs/1"}, confirmed={"docs/1": True}).wait == ()
    assert decide(names(3), doubtful=names(3), allow=True).wait == ()


def test_allowed_deletions_never_wait() -> None:
    assert decide(names(100), present=0, allow=True).delete == tuple(names(100))


@given(st.integers(1, MAX_ATTEMPTS), st.floats(0, 1, exclude_max=True))
def test_delays_grow_are_jittered_downwards_and_bounded(attempts: int, jitter: float) -> None:
    assert 1.0 <= delay(attempts, jitter) <= delay(attempts, 0.0) <= 900.0
    assert delay(attempts, 0.0) <= delay(attempts + 1, 0.0)


def test_deletions_of_the_last_minute_are_counted_by_root() -> None:
    seconds = 0.0
    recent = RecentDeletions(clock=lambda: seconds)
    recent.add("docs", 3)
    seconds = 30.0
    recent.add("docs", 2)
    recent.add("notes", 7)
    assert (recent.count("docs"), recent.count("notes"), recent.count("other")) == (5, 7, 0)
    seconds = 61.0
    assert (recent.count("docs"), recent.count("notes")) == (2, 7)
    seconds = 91.0
    assert recent.count("docs") == 0
