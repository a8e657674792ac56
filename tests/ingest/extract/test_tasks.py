"""Files are taken in order, small ones together, urgent ones first, and none is lost."""

from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import DocumentError
from embedingest.ingest.extract.extractor import Job
from embedingest.ingest.extract.tasks import TaskQueue
from tests.waiting import until

SMALL, LARGE = 100, 10**6


def job(name, size=SMALL):
    return Job("root", str(name), str(name), size)


def names(batch):
    return [task.job.source for task in batch]


def test_small_files_in_a_row_go_together_and_a_large_one_alone():
    tasks = TaskQueue(1)
    for name, size in [("a", SMALL), ("b", SMALL), ("large", LARGE), ("c", SMALL)]:
        tasks.put(job(name, size))
    assert [names(tasks.take()) for _ in range(3)] == [["a", "b"], ["large"], ["c"]]


def test_no_batch_is_so_large_that_another_worker_stands_idle():
    tasks = TaskQueue(2)
    for name in "abcd":
        tasks.put(job(name))
    assert names(tasks.take()) == ["a", "b"]


def test_urgent_files_go_before_all_others():
    tasks = TaskQueue(1)
    tasks.put(job("old"))
    tasks.put(job("save"), urgent=True)
    assert names(tasks.take()) == ["save"]


def test_what_is_given_back_comes_next_and_each_on_its_own():
    tasks = TaskQueue(1)
    for name in "abc":
        tasks.put(job(name))
    batch = tasks.take()
    tasks.put(job("d"))
    tasks.give_back(batch)
    assert [names(tasks.take()) for _ in range(4)] == [["a"], ["b"], ["c"], ["d"]]


def test_cancelled_files_are_passed_over():
    tasks = TaskQueue(1)
    cancelled = tasks.put(job("a"))
    tasks.put(job("b"))
    assert cancelled.cancel()
    assert names(tasks.take()) == ["b"]


def test_a_closed_queue_cancels_what_waits_and_takes_no_more():
    tasks = TaskQueue(1)
    waiting = tasks.put(job("a"))
    tasks.close()
    tasks.close()
    assert waiting.cancelled()
    assert tasks.take() == []
    with pytest.raises(DocumentError, match="stopped"):
        tasks.put(job("b"))


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), max_size=80), st.integers(1, 4))
def test_every_file_is_taken_once_in_the_order_of_its_kind(files, workers):
    tasks = TaskQueue(workers)
    for number, (size, urgent) in enumerate(files):
        tasks.put(job(number, size), urgent=urgent)
    taken = []
    while len(taken) < len(files):
        taken += names(tasks.take())
    numbers = [str(number) for number in range(len(files))]
    assert taken == sorted(numbers, key=lambda number: (not files[int(number)][1], int(number)))


def test_a_file_to_be_read_apart_waits_for_the_others_and_they_for_it():
    tasks = TaskQueue(2)
    for name in ("a", "b", "c"):
        tasks.put(job(name, LARGE))
    (first,), (second,) = tasks.take(), tasks.take()
    first.apart = True
    tasks.give_back([first])
    tasks.done()
    taken = []
    threads = [Thread(target=lambda: taken.append(tasks.take())) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert taken == []
    second.settle(ValueError("read"))
    tasks.done()
    until(lambda: len(taken) == 1, "the file that is read apart")
    assert names(taken[0]) == ["a"]
    tasks.done()
    for thread in threads:
        thread.join(60)
    assert [names(batch) for batch in taken] == [["a"], ["c"]]
