"""Texts reach the engine in calls of like length, each once, and none waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.run.rounds import CALL_CHARACTERS, CALL_TEXTS, ROUND_TEXTS, URGENT_TEXTS, Rounds

lengths = st.lists(st.integers(1, 3000), max_size=700)


def texts_of(lengths: list[int]) -> dict[str, str]:
    return {str(number): "x" * length for number, length in enumerate(lengths)}


@given(lengths)
def test_every_text_goes_out_once_in_calls_of_bounded_size(lengths: list[int]) -> None:
    rounds, texts = Rounds(), texts_of(lengths)
    for key, text in texts.items():
        rounds.add(key, text, urgent=False)
    out: dict[str, str] = {}
    while call := rounds.next_call(begin=True):
        assert not out.keys() & call.keys()
        assert len(call) == 1 or len(call) * max(map(len, call.values())) <= CALL_CHARACTERS
        assert len(call) <= CALL_TEXTS
        out |= call
    assert out == texts
    assert len(rounds) == 0


def test_a_round_waits_until_it_is_full_unless_the_engine_is_idle() -> None:
    rounds = Rounds()
    rounds.add("a", "text", urgent=False)
    assert rounds.next_call(begin=False) == {}
    assert rounds.next_call(begin=True) == {"a": "text"}
    for number in range(ROUND_TEXTS):
        rounds.add(str(number), "text", urgent=False)
    assert len(rounds.next_call(begin=False)) == CALL_TEXTS
    assert len(rounds) == ROUND_TEXTS - CALL_TEXTS


def test_a_round_is_emptied_before_the_next_begins() -> None:
    rounds = Rounds()
    rounds.add("short", "x", urgent=False)
    rounds.add("long", "x" * CALL_CHARACTERS, urgent=False)
    assert list(rounds.next_call(begin=True)) == ["long"]
    for number in range(ROUND_TEXTS):
        rounds.add(str(number), "x" * 500, urgent=False)
    assert list(rounds.next_call(begin=True)) == ["short"]


def test_urgent_texts_stand_in_no_round() -> None:
    rounds = Rounds()
    rounds.add("bulk", "x", urgent=False)
    rounds.add("saved", "x", urgent=True)
    assert rounds.urgent
    assert list(rounds.next_urgent()) == ["saved"]
    assert not rounds.urgent


def test_what_was_saved_last_goes_first_and_in_small_calls() -> None:
    rounds = Rounds()
    for number in range(URGENT_TEXTS + 1):
        rounds.add(str(number), "x", urgent=True)
    first = rounds.next_urgent()
    assert str(URGENT_TEXTS) in first
    assert len(first) == URGENT_TEXTS
    assert list(rounds.next_urgent()) == ["0"]


def test_a_text_of_the_backlog_can_be_hurried_until_a_call_has_taken_it() -> None:
    rounds = Rounds()
    for key in ("one", "two", "three"):
        rounds.add(key, "x", urgent=False)
    rounds.hurry("two")
    assert list(rounds.next_urgent()) == ["two"]
    rounds.add("long", "x" * CALL_CHARACTERS, urgent=False)
    assert list(rounds.next_call(begin=True)) == ["long"]
    rounds.hurry("long")
    assert not rounds.urgent
    for key in ("one", "three"):
        rounds.hurry(key)
    assert rounds.next_urgent().keys() == {"one", "three"}
    assert rounds.next_call(begin=True) == {}
    assert len(rounds) == 0
