"""The time left of a run, from where it stood before: properties, and runs that were recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.forecast import Forecast, Work

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "progress.json").read_text())
MEGA = 10**6


class Run:
    """A run that reads and embeds as it is told, and what is forecast of it. All is asked for as soon as it is read."""

    def __init__(self, total: int, ratio: float = 1.0, window: float = 10.0) -> None:
        self.forecast = Forecast(window)
        self.total, self.ratio = total, ratio
        self.now = self.read = self.embedded = 0.0

    def step(self, seconds: float, reading: float, embedding: float) -> None:
        """So many seconds pass, with so many bytes read and characters embedded in each."""
        self.now += seconds
        self.read = min(self.total, self.read + seconds * reading)
        self.embedded = min(self.read * self.ratio, self.embedded + seconds * embedding)
        work = Work(self.total, round(self.read), 0, round(self.read * self.ratio), round(self.embedded))
        self.forecast.add(self.now, work)

    @property
    def to_embed(self) -> float:
        return self.total * self.ratio - self.embedded

    def left(self) -> float:
        left = self.forecast.time_left()
        assert left is not None
        return left


seconds = st.floats(0.05, 0.5)
rates = st.integers(MEGA, 50 * MEGA)


@given(
    steps=st.lists(seconds, min_size=3, max_size=60), embedding=rates, ahead=st.floats(1.1, 9), ratio=st.floats(0.1, 3)
)
def test_at_constant_rates_it_is_exact(steps, embedding, ahead, ratio):
    run = Run(10**10, ratio)
    for step in steps:
        run.step(step, ahead * embedding / ratio, embedding)
    assert run.left() == pytest.approx(run.to_embed / embedding, rel=0.01)


@given(before=rates, after=rates, length=st.floats(1, 40))
def test_a_change_is_followed_within_the_window(before, after, length):
    run = Run(10**12)
    for _ in range(round(length / 0.25)):
        run.step(0.25, 2 * before, before)
    for _ in range(round(1.2 * 10 / 0.25)):
        run.step(0.25, 2 * after, after)
    assert run.left() == pytest.approx(run.to_embed / after, rel=0.01)


@given(
    steps=st.lists(st.tuples(seconds, st.integers(1, 900), st.integers(1, 900)), min_size=3, max_size=60),
    quiet=st.floats(0, 1000),
)
def test_it_is_never_negative_nor_beyond_what_is_left_at_the_slowest_rates(steps, quiet):
    run = Run(10**6)
    done = []
    for pause, reading, embedding in steps:
        read, embedded = round(run.read), round(run.embedded)
        run.step(pause, 10 * reading, 10 * embedding)
        done.append(((round(run.read) - read) / pause, (round(run.embedded) - embedded) / pause))
    slowest = [min(rates) for rates in zip(*done, strict=True)]
    run.step(quiet, 0, 0)
    left = run.forecast.time_left()
    if left is None:
        return
    assert left >= 0
    if all(slowest):
        assert left <= 1.001 * ((run.total - run.read) / slowest[0] + run.to_embed / slowest[1])


def test_work_that_took_no_time_to_speak_of_divides_nothing():
    forecast = Forecast()
    for now, done in ((1.0, 1), (2.0, 2), (2.5, 4), (2.5 + 1e-15, 7), (3.0, 8)):
        forecast.add(now, Work(1000, done, 0, 3 * done, 2 * done + done % 2))
        assert (forecast.time_left() or 0) >= 0


works = st.builds(Work, *[st.integers(0, 10**9)] * 5)


@given(st.lists(st.tuples(st.floats(-1, 100), works, st.booleans()), max_size=30))
def test_whatever_is_told_it_answers(told):
    forecast, now = Forecast(), 0.0
    for passed, work, paused in told:
        now += passed
        if paused:
            forecast.pause(abs(passed))
        forecast.add(now, work)
        left = forecast.time_left()
        assert left is None or left >= 0


def test_the_start_of_a_run_is_in_no_rate():
    run = Run(100 * MEGA)
    run.step(60.0, 0, 0)
    for _ in range(20):
        run.step(0.5, 2 * MEGA, MEGA)
    assert run.left() == pytest.approx(90)


def test_what_came_before_the_first_embedded_text_is_in_no_rate():
    run = Run(100 * MEGA)
    run.step(0.5, MEGA / 100, 0)  # a file that cannot be read is done with at once, and a model is prepared
    run.step(60.0, MEGA / 100, 0)
    for _ in range(20):
        run.step(0.5, 2 * MEGA, MEGA)
    assert run.left() == pytest.approx(90, rel=0.02)


def test_what_a_pause_took_and_what_was_before_it_are_in_no_rate():
    run = Run(100 * MEGA)
    for _ in range(20):
        run.step(0.5, MEGA, MEGA / 10)
    run.forecast.pause(30.0)
    run.now += 30
    for _ in range(20):
        run.step(0.5, 2 * MEGA, MEGA)
    assert run.left() == pytest.approx(89)


def test_while_a_large_file_is_read_the_time_goes_down_with_the_clock_but_not_to_the_end():
    forecast = Forecast()
    for second in range(11):  # small files: a megabyte and a million characters a second
        done = second * MEGA
        forecast.add(float(second), Work(30 * MEGA, done, 20 * MEGA, done, done))
    began = forecast.time_left()
    told = [began]
    for second in range(11, 90):
        forecast.add(float(second), Work(30 * MEGA, 10 * MEGA, 20 * MEGA, 10 * MEGA, 10 * MEGA))
        told.append(forecast.time_left())
    assert told[5] == pytest.approx(began - 5)
    assert told == sorted(told, reverse=True)
    assert told[-1] > 0


def test_what_is_read_but_has_no_new_texts_is_forecast_by_its_reading():
    forecast = Forecast()
    for second in range(11):
        forecast.add(float(second), Work(30 * MEGA, second * MEGA, 0, 0, 0))
    assert forecast.time_left() == pytest.approx(20)


def test_nothing_is_told_before_there_is_anything_to_tell_it_from():
    forecast = Forecast()
    assert forecast.time_left() is None
    forecast.add(1.0, Work(100, 0, 100))
    assert forecast.time_left() is None
    forecast.add(2.0, Work(100, 50, 50, 50, 0))
    forecast.add(3.0, Work(100, 100, 0, 100, 0))
    assert forecast.time_left() is None, "nothing was embedded yet, and all of it is to be"


def told(run: dict) -> Iterator[tuple[float, float | None]]:
    """What was really left, and what is forecast, from the first third on until a second before the end."""
    forecast = Forecast()
    for now, pause, *work in run["steps"]:
        if pause:
            forecast.pause(pause)
        forecast.add(now, Work(*work))
        if run["seconds"] / 3 <= now <= run["seconds"] - 1:
            yield run["seconds"] - now, forecast.time_left()


def test_of_recorded_runs_on_a_busy_machine_most_moments_are_told_within_thirty_percent():
    moments = [moment for run in RECORDED.values() for moment in told(run)]
    right = [left for true, left in moments if left is not None and abs(left - true) <= 0.3 * true]
    assert len(moments) > 150
    assert len(right) > 0.6 * len(moments)


def test_while_rates_are_not_known_again_what_was_told_goes_on_with_the_clock():
    run = Run(100 * MEGA)
    for _ in range(20):
        run.step(0.5, 2 * MEGA, MEGA)
    told = run.left()
    run.forecast.pause(4.0)
    run.now += 4
    run.step(0.5, 0, 0)
    assert run.left() == pytest.approx(told - 4.5)


def test_what_ends_a_run_is_counted_as_well():
    run = Run(100 * MEGA)
    for _ in range(20):
        run.step(0.5, 2 * MEGA, MEGA)
    told = run.left()
    run.forecast.ends_with(7.0)
    assert run.left() == pytest.approx(told + 7)
    for _ in range(180):
        run.step(0.5, 2 * MEGA, MEGA)
    assert run.left() == 7.0


def test_the_first_third_of_a_long_run_is_in_no_rate():
    run = Run(10**9, window=60.0)
    for _ in range(40):
        run.step(0.5, 2 * MEGA, MEGA / 10)
    for _ in range(80):
        run.step(0.5, 2 * MEGA, MEGA)
    assert run.left() == pytest.approx(run.to_embed / MEGA, rel=0.05)
