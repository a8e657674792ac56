"""Texts reach the engine in calls of like length, each once, and none waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.run.rounds import CALL_TEXTS, CALL_TOKENS, ROUND_TEXTS, URGENT_TEXTS, Rounds, RoundSizes

LONG = "x" * 4 * CALL_TOKENS

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
        assert len(call) == 1 or len(call) * max(len(text) // 4 for text in call.values()) <= CALL_TOKENS
        assert len(call) <= CALL_TEXTS
        out |= call
    assert out == texts
    assert len(rounds) == 0


def test_texts_of_as_many_tokens_go_together_however_many_characters_they_have() -> None:
    rounds = Rounds()
    many = CALL_TOKENS // 2
    for key, characters, tokens in (("a", 9, many), ("b", 900, 5), ("c", 9_000, many), ("d", 90, 5)):
        rounds.add(key, "x" * characters, urgent=False, tokens=tokens)
    assert set(rounds.next_call(begin=True)) == {"a", "c"}
    assert set(rounds.next_call(begin=True)) == {"b", "d"}


def test_a_round_waits_until_it_is_full_unless_the_engine_is_idle() -> None:
    rounds = Rounds()
    rounds.add("a", "text", urgent=False)
    assert rounds.next_call(begin=False) == {}
    assert rounds.next_call(begin=True) == {"a": "text"}
    for number in range(ROUND_TEXTS):
        rounds.add(str(number), "text", urgent=False)
    assert len(rounds.next_call(begin=False)) == CALL_TEXTS
    assert len(rounds) == ROUND_TEXTS - CALL_TEXTS


def test_rounds_and_calls_are_as_large_as_whoever_makes_them_says() -> None:
    rounds = Rounds(RoundSizes(round_texts=6, call_texts=4, call_tokens=100))
    for number in range(5):
        rounds.add(str(number), "text", urgent=False, tokens=10)
    assert rounds.next_call(begin=False) == {}
    rounds.add("long", "text", urgent=False, tokens=60)
    assert list(rounds.next_call(begin=False)) == ["long"]
    assert [len(rounds.next_call(begin=False)) for _ in range(3)] == [1, 4, 0]


def test_a_round_is_emptied_before_the_next_begins() -> None:
    rounds = Rounds()
    rounds.add("short", "x", urgent=False)
    rounds.add("long", LONG, urgent=False)
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
    rounds.add("long", LONG, urgent=False)
    assert list(rounds.next_call(begin=True)) == ["long"]
    rounds.hurry("long")
    assert not rounds.urgent
    for key in ("one", "three"):
        rounds.hurry(key)
    assert rounds.next_urgent().keys() == {"one", "three"}
    assert rounds.next_call(begin=True) == {}
    assert len(rounds) == 0
