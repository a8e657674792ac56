"""Threads for work that must not stop the loop: few, in order, and dropped when nobody waits any more."""

from __future__ import annotations

import asyncio
import threading

import pytest

from embedingest.server.threads import Threads
from tests.waiting import until


def test_no_more_run_at_once_than_may_and_all_are_done_in_their_order():
    threads, running, most, begun = Threads(3, "test"), [], [], []
    gate = threading.Event()

    def work(number):
        begun.append(number)
        running.append(number)
        most.append(len(running))
        gate.wait(60)
        running.remove(number)
        return number

    futures = [threads.submit(work, number) for number in range(10)]
    until(lambda: len(running) == 3)
    assert threads.pending == 10
    gate.set()
    assert [future.result(60) for future in futures] == list(range(10))
    assert max(most) == 3
    assert begun[:3] == [0, 1, 2]
    until(lambda: threads.pending == 0)


def test_what_nobody_waits_for_any_more_is_not_begun():
    threads, gate, begun = Threads(1, "test"), threading.Event(), []
    threads.submit(gate.wait, 60)
    waiting = threads.submit(begun.append, 1)
    assert waiting.cancel()
    gate.set()
    assert threads.submit(lambda: "next").result(60) == "next"
    assert begun == []


def test_an_error_is_raised_where_it_is_awaited():
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Threads(1, "test").run(lambda: 1 / 0))
