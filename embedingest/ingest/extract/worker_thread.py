"""The thread that feeds one worker, watches it, replaces it, and finds the file to blame. Knows no other worker."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.ingest.extract.schedule import SLOW_SECONDS, Advice
from embedingest.ingest.extract.tasks import failure
from embedingest.ingest.extract.worker import Worker, WorkerLostError

if TYPE_CHECKING:
    from embedingest.errors import ErrorKind
    from embedingest.ingest.extract.task_queue import TaskQueue
    from embedingest.ingest.extract.tasks import Task

__all__ = ["WorkerLimits", "WorkerThread"]

_log = logging.getLogger(__name__)

_MAX_ATTEMPTS: Final = 2
_MAX_KILLS: Final = 3
_MAX_STARTS: Final = 3
_LOOK_SECONDS: Final = 0.25
_BYTES_PER_SECOND: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one file may take: seconds, and memory above that of a worker at rest.

    After `slow_seconds` others are read past it; after `spare_seconds` without need the spare ends.
    """

    timeout_seconds: float
    memory_bytes: int
    slow_seconds: float = SLOW_SECONDS
    spare_seconds: float = 30.0

    def seconds_for(self, size: int) -> float:
        """How long a file of so many bytes may take: large ones have more to read, and are no less alive."""
        return self.timeout_seconds + size / _BYTES_PER_SECOND


class WorkerThread(threading.Thread):
    """Reads the files of a queue until it is closed. `worker` is its process while one is up.

    A worker that is silent too long, or dies, is replaced; the file that it was at may be tried again. A `spare` ends
    with its worker, or once it is needed no more.
    """

    def __init__(
        self, tasks: TaskQueue, settings: bytes, limits: WorkerLimits, number: int, *, spare: bool = False
    ) -> None:
        super().__init__(name=f"extract-{number}", daemon=True)
        self.worker: Worker | None = None
        self._tasks: Final = tasks
        self._settings: Final = settings
        self._limits: Final = limits
        self._number: Final = number
        self._spare: Final = spare

    def run(self) -> None:
        # The worker is started before there are files: importing takes it as long as a model takes to load.
        # It is started from this thread, since the kernel ends it with the thread that made it.
        patience = self._limits.spare_seconds if self._spare else None
        failed = True
        try:
            while self._start() or not self._spare:
                batch = self._tasks.take(self._number, patience=patience)
                if not batch:
                    failed = False
                    break
                self._read(deque(batch))
        finally:
            self._drop_worker()
            if self._spare:
                self._tasks.spare_ended(failed=failed)

    def stop(self) -> None:
        """End the worker now, from another thread; once the queue is closed this thread follows."""
        worker = self.worker
        if worker is not None:
            worker.kill()

    def _start(self) -> bool:
        """Whether the worker is up. A spare does without one rather than fail a file."""
        try:
            self._ready_worker()
        except WorkerLostError as lost:
            if self._spare and not self._tasks.closed:
                _log.warning("files wait for a slow one: %s", lost.reason)
            return False
        return True

    def _read(self, reading: deque[Task]) -> None:
        """Read files that were taken; `reading` are those that are still to be answered here."""
        try:
            self._run(reading)
        except WorkerLostError as lost:
            unread = self._unread(reading)
            self._drop_worker()
            self._blame(reading, unread, lost)
        except Exception as error:  # noqa: BLE001 -- a future that is never answered would hang the run
            _log.exception("extraction thread failed")
            self._drop_worker()  # it may still be at what is answered here
            reason = f"the worker thread failed: {type(error).__name__}: {error}"
            while reading:
                task = reading.popleft()
                if not task.future.done():
                    task.settle(failure(task, "worker", reason, kind="machinery"))
        finally:
            self._tasks.done(self._number)

    def _run(self, reading: deque[Task]) -> None:
        worker = self._ready_worker()
        worker.send([task.job for task in reading])
        began = time.monotonic()
        while reading:
            outcomes = worker.receive(self._wait_seconds(reading[0], time.monotonic() - began))
            for outcome in outcomes:
                reading.popleft().settle(outcome)
            if outcomes:
                began = time.monotonic()
            if reading:
                self._look(worker, reading, time.monotonic() - began)

    def _wait_seconds(self, task: Task, seconds: float) -> float:
        """How long to wait for a file that has been read for so long: never beyond the next thing to do about it."""
        slow = self._limits.slow_seconds
        moments = (slow / 3, slow, self._limits.seconds_for(task.job.size), seconds + _LOOK_SECONDS)
        return min(moment - seconds for moment in moments if moment > seconds)

    def _look(self, worker: Worker, reading: deque[Task], seconds: float) -> None:
        """See whether the first file, which has been read for so long, is to be given up, or holds back others."""
        task = reading[0]
        limit = self._limits.seconds_for(task.job.size)
        self._watch_memory(worker)
        if seconds >= limit:
            worker.kill()
            reason = f"took longer than {round(limit, 1):g} s"
            raise WorkerLostError("timeout", reason, "raise `load.timeout_seconds`, or exclude it")
        advice = self._tasks.advise(self._number, task, seconds)
        if advice is Advice.RECALL:
            self._tasks.take_back(self._unread(reading))
            if task.slow and not reading:
                self._drop_worker()  # it has begun none of them: something is wrong with it
        elif advice is Advice.BREAK_OFF:
            self._tasks.take_back(self._unread(reading))
            self._drop_worker()
            while reading:
                self._tasks.break_off(reading.popleft(), seconds)

    def _unread(self, reading: deque[Task]) -> list[Task]:
        """Take back the files that the worker has not begun: the last ones, or none where it is gone."""
        count = 0 if self.worker is None else self.worker.withdraw()
        return [reading.pop() for _ in range(count)]

    def _blame(self, reading: deque[Task], unread: list[Task], lost: WorkerLostError) -> None:
        """Fail the file that took the worker down, or have it tried again to be sure."""
        if self._tasks.closed or lost.code == "worker":
            reason = "the workers were stopped" if self._tasks.closed else lost.reason
            for task in (*reading, *unread):
                task.settle(failure(task, "worker", reason, kind="machinery"))
            return
        if not reading:
            reading.append(unread.pop())  # none was begun: no worker is lost for ever without one to blame
        self._tasks.take_back(unread)
        for task in reading:
            task.attempts += 1
            # A hang was given its full time, and what outgrew its memory will again, if others did not fill it before.
            most = {"crashed": _MAX_ATTEMPTS, "killed": _MAX_KILLS, "memory": 1 if task.alone else _MAX_ATTEMPTS}
            if task.attempts < most.get(lost.code, 0):
                # Whoever ended the process was no file; if memory was short, there is most with nothing else under way.
                task.apart = lost.code == "killed" and task.attempts == _MAX_KILLS - 1
                self._tasks.retry(task)
            else:
                kind: ErrorKind = "transient" if lost.code == "killed" else "permanent"
                task.settle(failure(task, lost.code, lost.reason, kind=kind, remedy=lost.remedy))

    def _ready_worker(self) -> Worker:
        for attempt in range(_MAX_STARTS):
            try:
                if self.worker is None:
                    self.worker = Worker(self._settings, self._limits.memory_bytes)
                if self._tasks.closed:  # asked after the start: `stop` kills the worker it sees
                    raise WorkerLostError("worker", "the workers were stopped")
                self.worker.wait_ready()
            except WorkerLostError as lost:
                self._drop_worker()
                if attempt == _MAX_STARTS - 1 or self._tasks.closed:
                    reason = f"no extraction process could be started: {lost.reason}"
                    raise WorkerLostError("worker", reason) from lost
            else:
                return self.worker
        raise AssertionError("unreachable")

    def _drop_worker(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.close()

    def _watch_memory(self, worker: Worker) -> None:
        """Elsewhere than on Linux no limit of the system holds, so the size of the process is asked for."""
        if sys.platform != "linux" and worker.resident_bytes() > self._limits.memory_bytes:
            worker.kill()
            raise WorkerLostError("memory", "took more memory than a worker may use", "raise `load.memory_mib`")
