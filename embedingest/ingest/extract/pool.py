"""Extraction in processes of its own, so that no document hangs, fells or bloats the run. Knows no order of steps.

Each worker is a fresh interpreter (never a fork: the engine and the table have threads) with one thread here that
feeds it and watches it. A worker that is silent too long, or dies, is replaced, and the file to blame is found by
trying again one at a time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any, Final, Self

from embedingest.errors import DocumentError
from embedingest.ingest.extract.process import READY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.connection import Connection

    from embedingest.ingest.extract.extractor import Extracted, Job, Setup

__all__ = ["WorkerPool"]

_log = logging.getLogger(__name__)

_START_SECONDS: Final = 60.0
_SLICE_SECONDS: Final = 0.25
_MAX_ATTEMPTS: Final = 2
_MAX_STARTS: Final = 3
_BATCH_JOBS: Final = 32
_BATCH_BYTES: Final = 32 * 1024
_SMALL_BYTES: Final = 16 * 1024
_BYTES_PER_SECOND: Final = 256 * 1024
_ONE_THREAD: Final = {
    # The engine has the cores; a worker is one of them. Fewer arenas: address space is what is limited.
    "OMP_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MALLOC_ARENA_MAX": "1",
}


class _Task:
    """A job on its way, with its future and how often it took a worker down."""

    __slots__ = ("alone", "attempts", "future", "job")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.future: Future[Extracted] = Future()
        self.attempts = 0
        self.alone = job.size > _SMALL_BYTES


class WorkerPool:
    """Extracts files in `workers` processes.

    `submit` answers with a future that holds an `Extracted`, or raises DocumentError: `timeout` after
    `timeout_seconds` and a second more for each 256 KiB of one file, `memory` above `memory_mib`, `crashed` when
    the file takes its worker down twice (all permanent), `worker` when workers cannot be started (machinery).
    Futures can be cancelled until they run.
    """

    def __init__(
        self, setup: Setup, *, workers: int = 1, timeout_seconds: float = 120.0, memory_mib: int = 2048
    ) -> None:
        self._setup: Final = pickle.dumps(setup, pickle.HIGHEST_PROTOCOL)
        self.timeout_seconds: Final = timeout_seconds
        self.memory_bytes: Final = memory_mib * 2**20
        self._urgent: deque[_Task] = deque()
        self._waiting: deque[_Task] = deque()
        self._condition: Final = threading.Condition()
        self._closed = False
        self._keepers: Final = [_Keeper(self, number) for number in range(workers)]
        for keeper in self._keepers:
            keeper.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, job: Job, *, urgent: bool = False) -> Future[Extracted]:
        """Queue a file; `urgent` ones go before all others (a save during a backfill)."""
        task = _Task(job)
        with self._condition:
            if self._closed:
                raise DocumentError("the workers were stopped", source=job.source, kind="machinery", code="worker")
            (self._urgent if urgent else self._waiting).append(task)
            self._condition.notify()
        return task.future

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
        return [keeper.worker.pid for keeper in self._keepers if keeper.worker is not None]

    def close(self) -> None:
        """Stop at once: what waits is cancelled, what runs is killed. Safe to call twice."""
        with self._condition:
            self._closed = True
            left = [*self._urgent, *self._waiting]
            self._urgent.clear()
            self._waiting.clear()
            self._condition.notify_all()
        for task in left:
            task.future.cancel()
        for keeper in self._keepers:
            keeper.stop()
        for keeper in self._keepers:
            keeper.join()

    # -- for the keepers ----------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        return self._closed

    def seconds_for(self, size: int) -> float:
        """How long a file of so many bytes may take: large ones have more to read, and are no less alive."""
        return self.timeout_seconds + size / _BYTES_PER_SECOND

    def start_worker(self) -> _Worker:
        return _Worker(self._setup, self.memory_bytes)

    def take(self) -> list[_Task]:
        """The next batch: one large file, or the small ones that wait in a row. Empty once the pool is closed."""
        with self._condition:
            while not self._closed:
                queue = self._urgent or self._waiting
                if queue:
                    batch = _next_batch(queue, share=len(self._keepers))
                    batch = [task for task in batch if task.attempts or task.future.set_running_or_notify_cancel()]
                    if batch:
                        return batch
                    continue
                self._condition.wait()
        return []

    def give_back(self, tasks: Iterable[_Task]) -> None:
        """Queue again, before all others and each on its own."""
        with self._condition:
            for task in reversed(list(tasks)):
                task.alone = True
                task.attempts = max(task.attempts, 1)
                self._urgent.appendleft(task)
            self._condition.notify_all()


def _next_batch(queue: deque[_Task], share: int) -> list[_Task]:
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


def _result(future: Future[Extracted]) -> Extracted | DocumentError:
    try:
        return future.result()
    except DocumentError as error:
        return error
    except CancelledError:
        return DocumentError("the workers were stopped", kind="machinery", code="worker")


class _Lost(Exception):  # noqa: N818 -- not an error of anybody's
    """A worker is gone while it had work: it hung, died, or grew too large."""

    def __init__(self, code: str, why: str, remedy: str | None = None) -> None:
        super().__init__(why)
        self.code, self.why, self.remedy = code, why, remedy


class _Keeper(threading.Thread):
    """The thread that feeds one worker, watches it, and replaces it."""

    def __init__(self, pool: WorkerPool, number: int) -> None:
        super().__init__(name=f"extract-{number}", daemon=True)
        self._pool = pool
        self.worker: _Worker | None = None

    def run(self) -> None:
        # The worker is started before there is work: importing takes it as long as a model takes to load.
        # It is started from this thread, since the kernel ends it with the thread that made it.
        with contextlib.suppress(_Lost):
            self._have_worker()
        while batch := self._pool.take():
            try:
                self._run(batch)
            except Exception as error:  # noqa: BLE001 -- a future that is never answered would hang the run
                _log.exception("extraction thread failed")
                _fail(batch, "worker", f"the worker thread failed: {type(error).__name__}: {error}", kind="machinery")
        self._drop_worker()

    def stop(self) -> None:
        """End the worker now; the thread follows."""
        worker = self.worker
        if worker is not None:
            worker.kill()

    def _run(self, batch: list[_Task]) -> None:
        open_tasks = deque(batch)
        try:
            worker = self._have_worker()
            worker.send([task.job for task in batch])
            while open_tasks:
                seconds = self._pool.seconds_for(open_tasks[0].job.size)
                for outcome in worker.receive(seconds, self._watch):
                    _settle(open_tasks.popleft(), outcome)
        except _Lost as lost:
            self._drop_worker()
            self._blame(list(open_tasks), lost)

    def _blame(self, tasks: list[_Task], lost: _Lost) -> None:
        if self._pool.closed:
            for task in tasks:
                task.future.set_exception(_error(task, "worker", "the workers were stopped", kind="machinery"))
            return
        if lost.code == "worker":
            _fail(tasks, lost.code, lost.why, kind="machinery")
            return
        if len(tasks) > 1:
            self._pool.give_back(tasks)
            return
        for task in tasks:
            task.attempts += 1
            # A hang was given its full time, and what outgrew its memory will again; a crash may be chance.
            if lost.code == "crashed" and task.attempts < _MAX_ATTEMPTS:
                self._pool.give_back([task])
            else:
                task.future.set_exception(_error(task, lost.code, lost.why, remedy=lost.remedy))

    def _have_worker(self) -> _Worker:
        for attempt in range(_MAX_STARTS):
            try:
                if self.worker is None:
                    self.worker = self._pool.start_worker()
                if self._pool.closed:  # asked after the start: `close` kills the workers it sees
                    raise _Lost("worker", "the workers were stopped")
                self.worker.wait_ready()
            except _Lost as lost:
                self._drop_worker()
                if attempt == _MAX_STARTS - 1 or self._pool.closed:
                    raise _Lost("worker", f"no extraction process could be started: {lost.why}") from lost
            else:
                return self.worker
        raise AssertionError("unreachable")

    def _drop_worker(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.close()

    def _watch(self, worker: _Worker) -> None:
        if sys.platform != "linux" and worker.resident_bytes() > self._pool.memory_bytes:
            worker.kill()
            raise _Lost("memory", "took more memory than a worker may use", "raise `load.memory_mib`")


class _Worker:
    """One process and the socket to it."""

    def __init__(self, setup: bytes, memory_bytes: int) -> None:
        ours, theirs = Pipe()
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; "
            "from embedingest.ingest.extract.process import main; "
            f"main({theirs.fileno()}, {os.getpid()}, {memory_bytes})"
        )
        try:
            # A session of its own: Ctrl-C in the terminal is for the parent to answer.
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_ONE_THREAD},
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise _Lost("worker", str(error)) from error
        finally:
            theirs.close()
        self._link: Connection[Any, Any] = ours
        self._ready = False
        self.pid: Final = self._process.pid
        self.send_bytes(setup)

    def wait_ready(self) -> None:
        """Until the process has imported what it needs; its time limits begin after."""
        if not self._ready:
            if self._read(_START_SECONDS, lambda _: None) != READY:
                raise _Lost("worker", "it answered with something else")
            self._ready = True

    def send(self, jobs: list[Job]) -> None:
        self.send_bytes(pickle.dumps(jobs, pickle.HIGHEST_PROTOCOL))

    def send_bytes(self, data: bytes) -> None:
        try:
            self._link.send_bytes(data)
        except OSError as error:
            raise self._death() from error

    def receive(self, timeout: float, watch: Any) -> list[Extracted | Exception]:
        """The next outcomes. Raises _Lost when none comes in time, or the process is gone."""
        return pickle.loads(self._read(timeout, watch))  # type: ignore[no-any-return] # noqa: S301 -- our own child

    def resident_bytes(self) -> int:
        import psutil

        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def kill(self) -> None:
        """End the process and whatever it started."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        self._process.wait()
        self._link.close()

    def _read(self, timeout: float, watch: Any) -> bytes:
        deadline = time.monotonic() + timeout
        try:
            while not self._link.poll(min(_SLICE_SECONDS, max(0.0, deadline - time.monotonic()))):
                watch(self)
                if time.monotonic() >= deadline:
                    self.kill()
                    raise _Lost(
                        "timeout",
                        f"took longer than {round(timeout, 1):g} s",
                        "raise `load.timeout_seconds`, or exclude it",
                    )
            return self._link.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._death() from error

    def _death(self) -> _Lost:
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        if status < 0:
            name = signal.Signals(-status).name if -status in {int(s) for s in signal.Signals} else f"signal {-status}"
            return _Lost("crashed", f"took its extraction process down ({name})")
        return _Lost("crashed", f"took its extraction process down (exit status {status})")


def _settle(task: _Task, outcome: Extracted | Exception) -> None:
    if isinstance(outcome, Exception):
        task.future.set_exception(outcome)
    else:
        task.future.set_result(outcome)


def _fail(tasks: Iterable[_Task], code: str, why: str, *, kind: Any = "permanent") -> None:
    for task in tasks:
        if not task.future.done():
            task.future.set_exception(_error(task, code, why, kind=kind))


def _error(task: _Task, code: str, why: str, *, kind: Any = "permanent", remedy: str | None = None) -> DocumentError:
    source = task.job.source
    message = f"{source} {why}" if kind == "permanent" else f"{source} could not be read: {why}"
    return DocumentError(message, source=source, kind=kind, code=code, remedy=remedy)
