"""Durations: Go's grammar, Go's texts, and seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.durations import FOREVER, DurationError, parse_duration, parse_setting, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("1h30m", 5400), ("1.5h", 5400), ("100ms", 0.1), ("+5m", 300), ("0", 0), ("0s", 0), ("-1m", -60),
     (".5s", 0.5), ("1.s", 1), ("3us", 3e-6), ("3µs", 3e-6), ("3μs", 3e-6), ("7ns", 7e-9)],
)  # fmt: skip
def test_a_duration_is_read_as_go_reads_it(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("30", 'time: missing unit in duration "30"'),
        ("-1", 'time: missing unit in duration "-1"'),
        ("1h30", 'time: missing unit in duration "1h30"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("5 m", 'time: unknown unit " m" in duration "5 m"'),
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        (".s", 'time: invalid duration ".s"'),
        ("PT15M", 'time: invalid duration "PT15M"'),
        ("9999999h", 'time: invalid duration "9999999h"'),
    ],
)
def test_what_is_no_duration_is_refused_in_gos_words(text, said):
    with pytest.raises(DurationError) as refused:
        parse_duration(text)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "text", ["1h" * 400_000, "1" * 200_000 + "x", "9" * 5000 + "h", "x" * 100_000, "-" + "1ns" * 9999]
)
def test_a_text_longer_than_any_duration_is_refused_at_once_and_not_repeated(text):
    with pytest.raises(DurationError, match="time: invalid duration") as refused:
        parse_duration(text)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("text", ["٣h", "３h", "1²s"])
def test_only_plain_digits_are_digits(text):
    with pytest.raises(DurationError):
        parse_duration(text)


@given(st.floats(allow_nan=False))
def test_any_number_of_seconds_is_a_period(number):
    seconds = seconds_of(number)
    assert seconds == FOREVER if number < 0 else 0 <= seconds < 1e10


@given(st.text(max_size=12))
def test_any_text_is_a_period_or_a_duration_error(text):
    try:
        said = f"time: {seconds_of(text):f}"
    except DurationError as error:
        said = str(error)
    assert said.startswith("time: ")


@pytest.mark.parametrize(("value", "seconds"), [("30", 30), ("-1", -1), ("5m", 300), (12, 12), (" 24h ", 86400)])
def test_a_setting_may_also_be_a_bare_number_in_a_text(value, seconds):
    assert parse_setting(value) == seconds
