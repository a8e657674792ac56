"""Threads take files in order, none is lost, and a queue that is closed answers every one of them."""

from __future__ import annotations

from threading import Thread

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.extract.extractor import Job
from embedingest.ingest.extract.schedule import Advice
from embedingest.ingest.extract.task_queue import TaskQueue
from tests.waiting import until

LARGE = 10**6


def job(name, size=100):
    return Job("root", str(name), str(name), size)


def names(batch):
    return [task.job.source for task in batch]


def test_a_worker_waits_for_a_file():
    tasks, taken = TaskQueue(1), []
    thread = Thread(target=lambda: taken.append(tasks.take(0)))
    thread.start()
    tasks.put(job("a"))
    thread.join(60)
    assert [names(batch) for batch in taken] == [["a"]]


def test_a_closed_queue_answers_what_waits_and_takes_no_more():
    tasks = TaskQueue(1)
    taken, cancelled = tasks.put(job("a")), tasks.put(job("b", LARGE))
    batch = tasks.take(0)
    tasks.take_back(batch)
    tasks.close()
    tasks.close()
    assert cancelled.cancelled()
    with pytest.raises(DocumentError, match="stopped"):
        taken.result(0)  # it had begun once, and cannot be cancelled any more
    assert tasks.take(0) == []
    with pytest.raises(DocumentError, match="stopped"):
        tasks.put(job("c"))


@pytest.mark.parametrize("way", ["take_back", "retry", "break_off"])
def test_what_comes_back_after_the_end_is_answered(way):
    tasks = TaskQueue(1)
    future = tasks.put(job("a"))
    (task,) = tasks.take(0)
    tasks.close()
    {
        "take_back": lambda: tasks.take_back([task]),
        "retry": lambda: tasks.retry(task),
        "break_off": lambda: tasks.break_off(task, 5.0),
    }[way]()
    with pytest.raises(DocumentError, match="stopped"):
        future.result(0)


def test_a_file_to_be_read_apart_waits_for_the_others_and_they_for_it():
    tasks = TaskQueue(2)
    for name in ("a", "b", "c"):
        tasks.put(job(name, LARGE))
    (first,), (second,) = tasks.take(0), tasks.take(1)
    first.apart = True
    tasks.retry(first)
    tasks.done(0)
    taken = []
    threads = [Thread(target=lambda number=number: taken.append((number, tasks.take(number)))) for number in range(2)]
    for thread in threads:
        thread.start()
    assert taken == []
    second.settle(ValueError("read"))
    tasks.done(1)
    until(lambda: len(taken) == 1, "the file that is read apart")
    assert names(taken[0][1]) == ["a"]
    tasks.done(taken[0][0])
    for thread in threads:
        thread.join(60)
    assert [names(batch) for _, batch in taken] == [["a"], ["c"]]


def test_a_spare_is_started_once_for_a_slow_file_and_ends_when_it_was_not_needed_for_long():
    now, started, told = [100.0], [], []
    tasks = TaskQueue(1, slow_seconds=3, start_spare=lambda: started.append(now[0]), clock=lambda: now[0])
    tasks.put(job("slow"), on_slow=lambda: told.append("slow"))
    (slow,) = tasks.take(0)
    assert tasks.advise(0, slow, 2.9) is Advice.GO_ON
    assert tasks.advise(0, slow, 3.0) is Advice.RECALL
    assert (told, started) == (["slow"], []), "nothing waits"
    tasks.put(job("a"))
    tasks.put(job("b"))
    assert tasks.advise(0, slow, 4.0) is Advice.GO_ON
    assert started == [100.0]
    assert names(tasks.take(1)) == ["a", "b"]
    tasks.done(1)
    tasks.done(0)
    now[0] = 131.0
    assert tasks.take(1, patience=0) == []
    tasks.spare_ended()
    assert started == [100.0]
