"""Files that wait for a worker, in the order in which they are taken, and their futures. Knows no process."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedingest.errors import ErrorKind
    from embedingest.ingest.extract.extractor import Extracted, Job

__all__ = ["Task", "TaskQueue", "failure"]

_BATCH_JOBS: Final = 32
_BATCH_BYTES: Final = 32 * 1024
_SMALL_BYTES: Final = 16 * 1024


class Task:
    """A job on its way, with its future and how often it took a worker down.

    `alone`: never in a batch. `apart`: while no other worker has anything to read.
    """

    __slots__ = ("alone", "apart", "attempts", "future", "job")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.future: Future[Extracted] = Future()
        self.attempts = 0
        self.alone = job.size > _SMALL_BYTES
        self.apart = False

    def settle(self, outcome: Extracted | Exception) -> None:
        """Answer the future."""
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class TaskQueue:
    """Tasks for `workers` workers, from any thread. Urgent ones go first, each kind in the order it came."""

    def __init__(self, workers: int) -> None:
        self._workers: Final = workers
        self._urgent: deque[Task] = deque()
        self._waiting: deque[Task] = deque()
        self._condition: Final = threading.Condition()
        self._closed = False
        self._batches = 0
        self._apart = False

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, job: Job, *, urgent: bool = False) -> Future[Extracted]:
        """Queue a file. Raises DocumentError once the queue is closed."""
        task = Task(job)
        with self._condition:
            if self._closed:
                raise DocumentError("the workers were stopped", source=job.source, kind="machinery", code="worker")
            (self._urgent if urgent else self._waiting).append(task)
            self._condition.notify()
        return task.future

    def take(self) -> list[Task]:
        """The next batch: one large file, or the small ones that wait in a row. Waits for it; empty once closed.

        `done` is called once it has been read.
        """
        with self._condition:
            while not self._closed:
                queue = self._urgent or self._waiting
                if queue and not self._apart and not (queue[0].apart and self._batches):
                    batch = _next_batch(queue, share=self._workers)
                    batch = [task for task in batch if task.attempts or task.future.set_running_or_notify_cancel()]
                    if batch:
                        self._batches += 1
                        self._apart = batch[0].apart
                        return batch
                    continue
                self._condition.wait()
        return []

    def done(self) -> None:
        """A batch that was taken has been read, or was given back."""
        with self._condition:
            self._batches -= 1
            self._apart = False
            self._condition.notify_all()

    def give_back(self, tasks: Iterable[Task]) -> None:
        """Queue again, before all others and each on its own."""
        with self._condition:
            for task in reversed(list(tasks)):
                task.alone = True
                task.attempts = max(task.attempts, 1)
                self._urgent.appendleft(task)
            self._condition.notify_all()

    def close(self) -> None:
        """Cancel what waits, and make every `take` return. Safe to call twice."""
        with self._condition:
            self._closed = True
            remaining = [*self._urgent, *self._waiting]
            self._urgent.clear()
            self._waiting.clear()
            self._condition.notify_all()
        for task in remaining:
            task.future.cancel()


def failure(
    task: Task, code: str, reason: str, *, kind: ErrorKind = "permanent", remedy: str | None = None
) -> DocumentError:
    """The error of a task's file: `reason` is what it did, or with another kind what was wrong around it."""
    source = task.job.source
    message = f"{source} {reason}" if kind == "permanent" else f"{source} could not be read: {reason}"
    return DocumentError(message, source=source, kind=kind, code=code, remedy=remedy)


def _next_batch(queue: deque[Task], share: int) -> list[Task]:
    """Small files in a row go together, yet never so many that another worker stands idle."""
    batch = [queue.popleft()]
    limit = min(_BATCH_JOBS, 1 + len(queue) // share)
    size = batch[0].job.size
    while not batch[0].alone and queue and len(batch) < limit and not queue[0].alone:
        size += queue[0].job.size
        if size > _BATCH_BYTES:
            break
        batch.append(queue.popleft())
    return batch
