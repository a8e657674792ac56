"""The schedule of files as threads share it: who takes waits here until there is something. Knows no process."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.extract.schedule import SLOW_SECONDS, Advice, Schedule
from embedingest.ingest.extract.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from embedingest.ingest.extract.reading import Job
    from embedingest.ingest.extract.values import Extracted

__all__ = ["TaskQueue"]


class TaskQueue:
    """Files for `workers` workers and a spare, from any thread. Each is answered once, also when the queue is closed.

    `start_spare` is called, from the thread at hand, when a spare is wanted; it says so by `spare_ended` when it is no
    more. `clock` never goes back.
    """

    def __init__(
        self,
        workers: int,
        *,
        slow_seconds: float = SLOW_SECONDS,
        start_spare: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._schedule: Final = Schedule(workers, slow_seconds)
        self._start_spare: Final = start_spare
        self._clock: Final = clock
        self._condition: Final = threading.Condition()
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, job: Job, *, urgent: bool = False, on_slow: Callable[[], None] | None = None) -> Future[Extracted]:
        """Queue a file. Raises DocumentError once the queue is closed."""
        task = Task(job, urgent=urgent, on_slow=on_slow)
        with self._condition:
            if self._closed:
                raise DocumentError("the workers were stopped", source=job.source, kind="machinery", code="worker")
            self._schedule.put(task)
            self._condition.notify_all()
        self._spare_if_wanted()
        return task.future

    def take(self, worker: int, *, patience: float | None = None) -> list[Task]:
        """The next files for a worker. Waits for them; empty once closed, or after so long without need of it.

        `done` is called once they have been read.
        """
        with self._condition:
            idle_since = self._clock()
            while not self._closed:
                if batch := self._schedule.next(worker):
                    return batch
                needed = self._schedule.stuck
                left = None if patience is None else idle_since + patience - self._clock()
                if left is not None and left <= 0 and not needed:
                    break
                self._condition.wait(left if left is None or left > 0 else patience)
                if needed:
                    idle_since = self._clock()
        return []

    def advise(self, worker: int, task: Task, seconds: float) -> Advice:
        """What to do when a worker has been reading a file for so many seconds."""
        with self._condition:
            was_slow = task.slow
            advice = self._schedule.advise(worker, task, seconds, self._clock())
            found_slow = task.slow and not was_slow
            if found_slow:
                self._condition.notify_all()
        if found_slow and task.on_slow is not None:
            task.on_slow()
        self._spare_if_wanted()
        return advice

    def take_back(self, tasks: Iterable[Task]) -> None:
        """Files that were taken and not begun."""
        tasks = list(tasks)
        self._return(tasks, lambda: self._schedule.take_back(tasks))

    def retry(self, task: Task) -> None:
        """A file whose worker was lost: it is tried again, before all others and on its own."""
        self._return([task], lambda: self._schedule.retry(task))

    def break_off(self, task: Task, seconds: float) -> None:
        """A file that was read for so many seconds and gives way to others."""
        self._return([task], lambda: self._schedule.break_off(task, seconds))

    def done(self, worker: int) -> None:
        """A worker is through with what it took."""
        with self._condition:
            self._schedule.done(worker)
            self._condition.notify_all()
        self._spare_if_wanted()

    def spare_ended(self, *, failed: bool = False) -> None:
        """There is no spare any more; with `failed` it could not be started."""
        with self._condition:
            self._schedule.spare_ended(self._clock(), failed=failed)
        self._spare_if_wanted()

    def close(self) -> None:
        """Drop what waits, and make every `take` return. Safe to call twice."""
        with self._condition:
            self._closed = True
            waiting = self._schedule.clear()
            self._condition.notify_all()
        for task in waiting:
            task.drop()

    def _return(self, tasks: Iterable[Task], put_in: Callable[[], None]) -> None:
        with self._condition:
            closed = self._closed
            if not closed:
                put_in()
                self._condition.notify_all()
        if closed:
            for task in tasks:
                task.drop()

    def _spare_if_wanted(self) -> None:
        with self._condition:
            wanted = not self._closed and self._schedule.wants_spare(self._clock())
        if wanted:
            self._start_spare()
