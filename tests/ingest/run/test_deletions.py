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
    recent.add("docs", ["a", "b", "c"])
    seconds = 30.0
    recent.add("docs", ["d", "e"])
    recent.add("notes", names(7))
    assert (recent.count("docs"), recent.count("notes"), recent.count("other")) == (5, 7, 0)
    seconds = 61.0
    assert (recent.count("docs"), recent.count("notes")) == (2, 7)
    recent.came_back("docs", ["e", "f"])
    assert recent.count("docs") == 1
    seconds = 91.0
    assert recent.count("docs") == 0


def test_what_waits_counts_with_what_goes_next() -> None:
    waiting = dict.fromkeys(names(20)[:11], False)
    verdict = decide(names(20)[11:19], documents=20, present=1, confirmed=waiting)
    assert (verdict.delete, len(verdict.wait)) == ((), 8)
    assert "19 of its 20" in verdict.reason


def test_what_was_confirmed_counts_no_more() -> None:
    confirmed = dict.fromkeys(names(20), True)
    assert not decide(["docs/20"], documents=26, present=5, confirmed=confirmed).wait


def test_what_is_away_neither_holds_up_the_others_nor_makes_them_a_handful() -> None:
    away = dict.fromkeys(names(20)[:11], False)
    assert not decide(names(20)[11:12], documents=20, present=8, confirmed=away, doubtful=away).wait
    assert len(decide(names(20)[11:], documents=20, present=1, confirmed=away, doubtful=away).wait) == 9


def test_what_waited_goes_when_it_is_judged_anew_unless_it_is_too_much_by_itself() -> None:
    waiting = dict.fromkeys(names(3), False)
    assert decide(names(3), confirmed=waiting).wait == tuple(names(3))
    assert decide(names(3), confirmed=waiting, anew=True).delete == tuple(names(3))
    assert decide(names(3), confirmed=waiting, anew=True, documents=5, present=0).wait == tuple(names(3))


@given(st.integers(LEAST_DOCUMENTS, 60), st.floats(0, 1), st.data())
def test_in_whatever_steps_a_root_is_lost_within_a_minute_no_more_than_the_share_goes_unasked(
    held: int, share: float, data: st.DataObject
) -> None:
    left, waiting, deleted = names(held), dict[str, bool](), 0
    while left:
        going = left[: data.draw(st.integers(1, len(left)), label="going")]
        left = left[len(going) :]
        if data.draw(st.booleans(), label="swept"):
            going += waiting
        known = len(left) + len({*going, *waiting})
        verdict = decide(going, documents=known, present=len(left), recent=deleted, share=share, confirmed=waiting)
        assert {*verdict.delete, *verdict.wait} == {*going}
        deleted += len(verdict.delete)
        waiting |= dict.fromkeys(verdict.wait, False)
    assert deleted <= share * held
    assert deleted + len(waiting) == held
