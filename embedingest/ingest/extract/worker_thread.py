"""The thread that feeds one worker, watches it, replaces it, and finds the file to blame. Knows no other worker."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.ingest.extract.tasks import failure
from embedingest.ingest.extract.worker import Worker, WorkerLostError

if TYPE_CHECKING:
    from embedingest.errors import ErrorKind
    from embedingest.ingest.extract.tasks import Task, TaskQueue

__all__ = ["WorkerLimits", "WorkerThread"]

_log = logging.getLogger(__name__)

_MAX_ATTEMPTS: Final = 2
_MAX_KILLS: Final = 3
_MAX_STARTS: Final = 3
_BYTES_PER_SECOND: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one file may take: seconds, and memory above that of a worker at rest."""

    timeout_seconds: float
    memory_bytes: int

    def seconds_for(self, size: int) -> float:
        """How long a file of so many bytes may take: large ones have more to read, and are no less alive."""
        return self.timeout_seconds + size / _BYTES_PER_SECOND


class WorkerThread(threading.Thread):
    """Runs the batches of a queue until it is closed. `worker` is its process while one is up.

    A worker that is silent too long, or dies, is replaced; the files of its batch are tried again one at a time.
    """

    def __init__(self, tasks: TaskQueue, settings: bytes, limits: WorkerLimits, number: int) -> None:
        super().__init__(name=f"extract-{number}", daemon=True)
        self.worker: Worker | None = None
        self._tasks: Final = tasks
        self._settings: Final = settings
        self._limits: Final = limits

    def run(self) -> None:
        # The worker is started before there are files: importing takes it as long as a model takes to load.
        # It is started from this thread, since the kernel ends it with the thread that made it.
        with contextlib.suppress(WorkerLostError):
            self._ready_worker()
        while batch := self._tasks.take():
            try:
                self._run(batch)
            except Exception as error:  # noqa: BLE001 -- a future that is never answered would hang the run
                _log.exception("extraction thread failed")
                reason = f"the worker thread failed: {type(error).__name__}: {error}"
                for task in batch:
                    if not task.future.done():
                        task.settle(failure(task, "worker", reason, kind="machinery"))
            finally:
                self._tasks.done()
        self._drop_worker()

    def stop(self) -> None:
        """End the worker now, from another thread; once the queue is closed this thread follows."""
        worker = self.worker
        if worker is not None:
            worker.kill()

    def _run(self, batch: list[Task]) -> None:
        open_tasks = deque(batch)
        try:
            worker = self._ready_worker()
            worker.send([task.job for task in batch])
            while open_tasks:
                seconds = self._limits.seconds_for(open_tasks[0].job.size)
                for outcome in worker.receive(seconds, self._watch_memory):
                    open_tasks.popleft().settle(outcome)
        except WorkerLostError as lost:
            self._drop_worker()
            self._blame(list(open_tasks), lost)

    def _blame(self, tasks: list[Task], lost: WorkerLostError) -> None:
        """Fail the file that took the worker down, or have the files tried again one at a time to find it."""
        if self._tasks.closed or lost.code == "worker":
            reason = "the workers were stopped" if self._tasks.closed else lost.reason
            for task in tasks:
                task.settle(failure(task, "worker", reason, kind="machinery"))
            return
        if len(tasks) > 1:
            self._tasks.give_back(tasks)
            return
        for task in tasks:
            task.attempts += 1
            # A hang was given its full time, and what outgrew its memory will again; a crash may be chance.
            if task.attempts < {"crashed": _MAX_ATTEMPTS, "killed": _MAX_KILLS}.get(lost.code, 0):
                # Whoever ended the process was no file; if memory was short, there is most with nothing else under way.
                task.apart = lost.code == "killed"
                self._tasks.give_back([task])
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
