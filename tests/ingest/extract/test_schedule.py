"""Files are read in order, small ones together, urgent ones first; none is lost, and none holds back the others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from embedingest.ingest.extract.extractor import Job
from embedingest.ingest.extract.schedule import CREDIT, RESTART_SECONDS, SLOW_SECONDS, Advice, Schedule
from embedingest.ingest.extract.tasks import Rank, Task

SMALL, LARGE = 100, 10**6


def task(name, size=SMALL, *, urgent=False):
    return Task(Job("root", str(name), str(name), size), urgent=urgent)


def schedule(*tasks, workers=1):
    made = Schedule(workers)
    for one in tasks:
        made.put(one)
    return made


def names(batch):
    return [task.job.source for task in batch]


def in_turn(made, count):
    """What a worker takes, time after time."""
    taken = []
    for _ in range(count):
        taken.append(names(made.next(0)))
        made.done(0)
    return taken


def found_slow(made, worker, slow):
    return made.advise(worker, slow, SLOW_SECONDS, 0.0)


# -- the order


def test_small_files_in_a_row_go_together_and_a_large_one_alone():
    made = schedule(task("a"), task("b"), task("large", LARGE), task("c"))
    assert in_turn(made, 3) == [["a", "b"], ["large"], ["c"]]


def test_no_batch_is_so_large_that_another_worker_stands_idle():
    assert names(schedule(*map(task, "abcd"), workers=2).next(0)) == ["a", "b"]


def test_urgent_files_go_before_all_others():
    assert in_turn(schedule(task("old"), task("save", urgent=True)), 2) == [["save"], ["old"]]


def test_what_is_tried_again_comes_next_and_on_its_own():
    made = schedule(*map(task, "abc"))
    first, *rest = made.next(0)
    made.put(task("save", urgent=True))
    made.take_back(rest)
    made.retry(first)
    made.done(0)
    assert in_turn(made, 3) == [["a"], ["save"], ["b", "c"]]


def test_cancelled_files_are_passed_over():
    a, b = task("a"), task("b")
    a.future.cancel()
    assert names(schedule(a, b).next(0)) == ["b"]


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), max_size=80), st.integers(1, 4))
def test_every_file_is_taken_once_in_the_order_of_its_kind(files, workers):
    made = schedule(*(task(i, size, urgent=urgent) for i, (size, urgent) in enumerate(files)), workers=workers)
    taken = [name for batch in in_turn(made, len(files)) for name in batch]
    numbers = [str(number) for number in range(len(files))]
    assert taken == sorted(numbers, key=lambda number: (not files[int(number)][1], int(number)))


# -- slow files


def test_others_are_read_past_a_slow_file_the_small_ones_first():
    made = schedule(task("slow"), task("x"), task("large", LARGE), task("y"))
    slow, x = made.next(0)
    assert not made.wants_spare(0.0)
    assert made.next(1) == [], "nobody is slow"
    assert found_slow(made, 0, slow) is Advice.RECALL
    made.take_back([x])
    assert made.wants_spare(0.0)
    assert not made.wants_spare(0.0), "there is one now"
    assert names(made.next(1)) == ["x", "y"]
    made.done(1)
    assert names(made.next(1)) == ["large"]


def test_somebody_who_waits_is_waited_for_less():
    made = schedule(task("slow"))
    (slow,) = made.next(0)
    assert made.advise(0, slow, SLOW_SECONDS / 2, 0.0) is Advice.GO_ON
    made.put(task("save", urgent=True))
    assert made.advise(0, slow, 0.1, 0.0) is Advice.RECALL, "what stands behind it in its batch can wait"
    assert not slow.slow
    assert made.advise(0, slow, SLOW_SECONDS / 2, 0.0) is Advice.RECALL
    assert slow.slow


def test_a_spare_stands_ready_where_files_are_urgent_at_times():
    made = schedule(task("slow", urgent=True))
    (slow,) = made.next(0)
    found_slow(made, 0, slow)
    assert made.wants_spare(0.0)


def test_a_spare_that_could_not_be_started_is_not_tried_again_at_once():
    made = schedule(task("slow", LARGE), task("a"))
    found_slow(made, 0, made.next(0)[0])
    assert made.wants_spare(0.0)
    made.spare_ended(5.0, failed=True)
    assert not made.wants_spare(5.0)
    assert made.wants_spare(5.0 + RESTART_SECONDS)


def stuck(made):
    """Both workers in slow files; those, the latter last."""
    (first,) = made.next(0)
    found_slow(made, 0, first)
    assert made.wants_spare(0.0)
    (second,) = made.next(1)
    found_slow(made, 1, second)
    return first, second


def test_slow_files_never_take_all_workers_while_others_wait():
    made = schedule(*(task(name, LARGE) for name in ("s1", "s2", "s3", "quick")))
    first, second = stuck(made)
    assert made.advise(0, first, 9.0, 0.0) is Advice.GO_ON
    assert made.advise(1, second, SLOW_SECONDS, 0.0) is Advice.BREAK_OFF
    made.break_off(second, SLOW_SECONDS)
    made.done(1)
    (third,) = made.next(1)
    found_slow(made, 1, third)
    assert made.advise(1, third, SLOW_SECONDS, 0.0) is Advice.BREAK_OFF
    made.break_off(third, SLOW_SECONDS)
    made.done(1)
    assert names(made.next(1)) == ["quick"]
    made.done(1)
    assert made.next(1) == [], "one slow file at a time, where there is one worker"
    made.done(0)
    assert in_turn(made, 2) == [["s2"], ["s3"]]


def test_what_is_of_the_kind_of_a_slow_file_is_read_after_others_and_again_in_order_once_none_is_slow():
    names_in_line = ("s1.pdf", "s2.PDF", "s3.pdf", "a.md", "b.md")
    made = schedule(*(task(name, LARGE, urgent=True) for name in names_in_line))
    found_slow(made, 0, made.next(0)[0])
    assert made.wants_spare(0.0)
    assert names(made.next(1)) == ["a.md"]
    made.done(1)
    made.done(0)
    assert in_turn(made, 3) == [["s2.PDF"], ["s3.pdf"], ["b.md"]]
    found_slow(made := schedule(task("s1.pdf", LARGE), task("s2.pdf", LARGE)), 0, made.next(0)[0])
    assert made.wants_spare(0.0)
    assert names(made.next(1)) == ["s2.pdf"], "where there is nothing else"


def test_little_reading_is_thrown_away_unless_somebody_waits():
    made = schedule(*(task(number, LARGE) for number in range(CREDIT + 3)))
    _, second = stuck(made)
    for _ in range(CREDIT):
        assert made.advise(1, second, SLOW_SECONDS, 0.0) is Advice.BREAK_OFF
        made.break_off(second, SLOW_SECONDS)
        made.done(1)
        (second,) = made.next(1)
        found_slow(made, 1, second)
    assert made.advise(1, second, SLOW_SECONDS, 0.0) is Advice.GO_ON
    made.put(task("save", urgent=True))
    assert made.advise(1, second, SLOW_SECONDS, 0.0) is Advice.BREAK_OFF


def test_a_file_that_was_broken_off_is_not_again():
    made = schedule(*(task(name, LARGE) for name in ("s1", "s2", "q1")))
    first, second = stuck(made)
    made.break_off(second, SLOW_SECONDS)
    made.done(1)
    first.settle(ValueError("read"))
    made.done(0)
    assert names(made.next(0)) == ["s2"]
    assert made.wants_spare(0.0) is False
    (quick,) = made.next(1)
    found_slow(made, 1, quick)
    made.put(task("save", urgent=True))
    assert made.advise(0, second, 100.0, 0.0) is not Advice.BREAK_OFF
    assert made.advise(1, quick, SLOW_SECONDS, 0.0) is Advice.BREAK_OFF


def test_a_file_to_be_read_apart_does_not_wait_with_all_others_for_a_slow_one():
    made = schedule(*(task(name, LARGE) for name in ("slow", "killed", "a", "b")), workers=2)
    (slow,), (killed,) = made.next(0), made.next(1)
    killed.apart = True
    made.retry(killed)
    made.done(1)
    assert made.next(1) == [], "it is next"
    found_slow(made, 0, slow)
    assert names(made.next(1)) == ["a"]
    made.done(0)
    assert made.next(0) == [], "it is next, once those are through that were begun before"
    made.done(1)
    assert names(made.next(1)) == ["killed"]
    assert made.next(0) == [], "with nobody beside it"
    found_slow(made, 1, killed)
    assert not made.wants_spare(0.0)
    made.done(1)
    assert names(made.next(0)) == ["b"]


# -- whatever happens


class Anything(RuleBasedStateMachine):
    """Workers that take, read, are slow, are told to give back or break off, die; with any files, in any order."""

    @initialize(workers=st.sampled_from([1, 1, 2]))
    def begin(self, workers):
        self.workers = workers
        self.schedule = Schedule(workers)
        self.tasks = []
        self.open = {}  # by worker: tasks that it took and did not answer, and how many of them it has begun
        self.waiting = set()
        self.spare = False
        self.now = 0.0

    @rule(sizes=st.lists(st.sampled_from([SMALL, SMALL, LARGE]), min_size=1, max_size=5), urgent=st.booleans())
    def put(self, sizes, urgent):
        for size in sizes:
            new = task(f"{len(self.tasks)}.{'ab'[len(self.tasks) % 2]}", size, urgent=urgent and len(sizes) == 1)
            self.tasks.append(new)
            self.waiting.add(new)
            self.schedule.put(new)
        self.start_spare_if_wanted()

    @precondition(lambda self: self.waiting)
    @rule(first=st.integers(0, 2))
    def take(self, first):
        workers = [worker for worker in range(self.workers + self.spare) if worker not in self.open]
        for worker in workers[first:] + workers[:first]:
            self.take_as(worker)

    def take_as(self, worker):
        was_stuck = self.schedule.stuck
        batch = self.schedule.next(worker)
        if not batch:
            return
        assert worker < self.workers or was_stuck
        assert not any(one.apart for tasks in self.open.values() for one in tasks)
        assert not batch[0].apart or not self.open
        if not (batch[0].apart or batch[0].broken_off):
            ranked = [one for one in self.waiting if one.rank is batch[0].rank and not one.apart and not one.broken_off]
            assert not [one for one in self.waiting if one.rank < batch[0].rank and not (one.apart or one.broken_off)]
            kinds = {one.kind for tasks in self.open.values() for one in tasks}
            if not kinds & {one.kind for one in ranked} and (
                worker < self.workers or batch[0].rank is not Rank.BACKLOG
            ):
                assert batch == sorted(ranked, key=lambda one: one.number)[: len(batch)]
        assert len(batch) == 1 or not any(one.alone for one in batch)
        self.waiting -= set(batch)
        self.open[worker] = batch

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def answer(self, data):
        worker = data.draw(st.sampled_from(sorted(self.open)))
        self.open[worker].pop(0).settle(ValueError("read"))
        self.done_if_empty(worker)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), seconds=st.sampled_from([0.1, SLOW_SECONDS / 2, SLOW_SECONDS, SLOW_SECONDS, 100.0]))
    def look(self, data, seconds):
        worker = data.draw(st.sampled_from(sorted(self.open)))
        tasks = self.open[worker]
        self.now += seconds
        advice = self.schedule.advise(worker, tasks[0], seconds, self.now)
        if advice is not Advice.GO_ON:
            begun = data.draw(st.integers(0, 1)) if advice is Advice.RECALL else 1
            unread = tasks[begun:]
            del tasks[begun:]
            self.waiting |= set(unread)
            self.schedule.take_back(unread)
        if advice is Advice.BREAK_OFF:
            assert not tasks[0].broken_off
            self.waiting.add(tasks[0])
            self.schedule.break_off(tasks.pop(), seconds)
        self.done_if_empty(worker)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), apart=st.booleans())
    def die(self, data, apart):
        worker = data.draw(st.sampled_from(sorted(self.open)))
        tasks = self.open[worker]
        first, *unread = tasks
        tasks.clear()
        self.waiting |= {first, *unread}
        self.schedule.take_back(reversed(unread))
        first.apart = apart
        self.schedule.retry(first)
        self.done_if_empty(worker)

    def done_if_empty(self, worker):
        if not self.open[worker]:
            del self.open[worker]
            self.schedule.done(worker)
        self.start_spare_if_wanted()

    def start_spare_if_wanted(self):
        if self.schedule.wants_spare(self.now):
            assert not self.spare
            self.spare = True

    @precondition(lambda self: self.spare and self.workers not in self.open)
    @rule(failed=st.booleans())
    def end_spare(self, failed):
        self.spare = False
        self.schedule.spare_ended(self.now, failed=failed)
        self.start_spare_if_wanted()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data):
        one = data.draw(st.sampled_from(sorted(self.waiting, key=lambda one: one.number)))
        if one.future.cancel():
            self.waiting.discard(one)

    @invariant()
    def every_file_is_answered_or_in_one_place(self):
        if not hasattr(self, "tasks"):
            return
        under_way = [one for tasks in self.open.values() for one in tasks]
        assert len(set(under_way)) == len(under_way)
        assert not self.waiting & set(under_way)
        assert {one for one in self.tasks if not one.future.done()} == self.waiting | set(under_way)

    def teardown(self):
        """Whatever happened, all is read in the end, by workers that do nothing but read."""
        if not hasattr(self, "tasks"):
            return
        for _ in range(3 * len(self.tasks) + 3):
            for worker in list(self.open):
                for one in self.open.pop(worker):
                    one.settle(ValueError("read"))
                self.schedule.done(worker)
            for worker in range(self.workers):
                self.take_as(worker)
        assert not self.waiting
        assert not self.open
        assert all(one.future.done() for one in self.tasks)
        assert self.schedule.clear() == []


TestAnything = Anything.TestCase
TestAnything.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.parametrize("workers", [1, 3])
def test_clearing_takes_all_that_waits(workers):
    made = schedule(*(task(i, LARGE) for i in range(5)), workers=workers)
    (killed,) = made.next(0)
    killed.apart = True
    made.retry(killed)
    made.done(0)
    assert len(made.clear()) == 5
    assert made.next(0) == []
