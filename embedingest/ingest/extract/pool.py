"""Extraction in processes of its own, so that no document hangs, fells or bloats the run. Knows no order of steps.

Each worker is a fresh interpreter (never a fork: the engine and the table have threads) with one thread here that
feeds it and watches it.
"""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from typing import TYPE_CHECKING, Final, Self

from embedingest.errors import DocumentError
from embedingest.ingest.extract.schedule import SLOW_SECONDS
from embedingest.ingest.extract.task_queue import TaskQueue
from embedingest.ingest.extract.worker_thread import WorkerLimits, WorkerThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from embedingest.ingest.extract.reading import Job
    from embedingest.ingest.extract.values import Extracted, ExtractionSettings

__all__ = ["WorkerPool"]


class WorkerPool:
    """Extracts files in `workers` processes, and in a spare one while all of them are in slow files.

    `submit` answers with a future that holds an `Extracted`, or raises DocumentError: `timeout` after
    `timeout_seconds` and a second more for each 256 KiB of one file, `memory` above `memory_mib`, `crashed` when
    the file takes its worker down twice (all permanent), `killed` when others end its worker three times, the last
    with nothing else under way (transient), `worker` when workers cannot be started (machinery).
    Futures can be cancelled until they run.

    A file is slow after `slow_seconds`, or a third of that where an urgent one waits. The spare ends when it was not
    needed for `spare_seconds`. Where it is in a slow file too, the one that was found slow last gives way to others:
    it is read again while fewer than `workers` are in slow files.
    """

    def __init__(
        self,
        settings: ExtractionSettings,
        *,
        workers: int = 1,
        timeout_seconds: float = 120.0,
        memory_mib: int = 2048,
        slow_seconds: float = SLOW_SECONDS,
        spare_seconds: float = 30.0,
    ) -> None:
        self._settings: Final = pickle.dumps(settings, pickle.HIGHEST_PROTOCOL)
        self._limits: Final = WorkerLimits(timeout_seconds, memory_mib * 2**20, slow_seconds, spare_seconds)
        self._workers: Final = workers
        self._tasks: Final = TaskQueue(workers, slow_seconds=slow_seconds, start_spare=self._start_spare)
        self._lock: Final = threading.Lock()
        self._threads: list[WorkerThread] = []
        for number in range(workers):
            self._start(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, job: Job, *, urgent: bool = False, on_slow: Callable[[], None] | None = None) -> Future[Extracted]:
        """Queue a file; `urgent` ones go before all others (a save during a backfill).

        `on_slow` is called, from a thread of the workers, when it takes so long that others are read past it.
        """
        return self._tasks.put(job, urgent=urgent, on_slow=on_slow)

    def map(self, jobs: Iterable[Job], *, in_flight: int = 128) -> Iterator[tuple[Job, Extracted | DocumentError]]:
        """Results as they complete, with at most `in_flight` files under way. `jobs` is drawn as room appears."""
        under_way: dict[Future[Extracted], Job] = {}
        source = iter(jobs)
        more = True
        try:
            while more or under_way:
                while more and len(under_way) < in_flight:
                    job = next(source, None)
                    if job is None:
                        more = False
                    else:
                        under_way[self.submit(job)] = job
                for future in wait(under_way, return_when=FIRST_COMPLETED).done if under_way else ():
                    yield under_way.pop(future), _result(future)
        finally:
            for future in under_way:
                future.cancel()

    @property
    def processes(self) -> list[int]:
        """The process ids of the workers that are up."""
        with self._lock:
            workers = [thread.worker for thread in self._threads]
        return [worker.pid for worker in workers if worker is not None]

    def close(self) -> None:
        """Stop at once: what waits is cancelled, what runs is killed. Safe to call twice."""
        self._tasks.close()
        with self._lock:  # a spare that comes later sees that the queue is closed
            threads = list(self._threads)
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join()

    def _start_spare(self) -> None:
        self._start(self._workers)

    def _start(self, number: int) -> None:
        thread = WorkerThread(self._tasks, self._settings, self._limits, number, spare=number == self._workers)
        with self._lock:
            if not self._tasks.closed:
                self._threads = [*filter(WorkerThread.is_alive, self._threads), thread]
                thread.start()


def _result(future: Future[Extracted]) -> Extracted | DocumentError:
    try:
        return future.result()
    except DocumentError as error:
        return error
    except CancelledError:
        return DocumentError("the workers were stopped", kind="machinery", code="worker")
