"""Items of sources on their way to the workers: several are read at once here, and handed on with their bytes.

Reading waits for a network and runs a stranger's code, so it has threads of its own, none of which is waited for at the
end. What is read and what workers still have of it are bounded together. Knows no source.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from embedingest.ingest.extract.reading import Given, Job, Reader
    from embedingest.ingest.extract.values import Extracted
    from embedingest.ingest.run.opener import Workers

__all__ = ["MOST_BYTES", "READS", "FetchingWorkers"]

READS: Final = 32
"""Items that are read at once."""

MOST_BYTES: Final = 64 * 2**20
"""Bytes of items that are being read or extracted, by the sizes that were listed. One item may be larger."""

MOST_HUNG: Final = 4 * READS
"""After so many reads that never ended, what still waits is failed without being asked for."""


_LOOK_SECONDS: Final = 5.0


class _Read:
    """An item on its way. It is settled once, and gives its bytes' room back once."""

    __slots__ = ("deadline", "future", "job", "on_slow", "settled", "size", "urgent")

    def __init__(self, job: Job, *, urgent: bool, on_slow: Callable[[], None] | None) -> None:
        self.job, self.urgent, self.on_slow = job, urgent, on_slow
        self.size = job.size
        self.future: Future[Extracted] = Future()
        self.deadline = float("inf")
        self.settled = False


class _Line:
    """Items that wait: urgent ones first, else as they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[bool, int, _Read]] = []
        self._numbers: Final = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, read: _Read) -> None:
        heapq.heappush(self._heap, (not read.urgent, next(self._numbers), read))

    @property
    def first(self) -> _Read:
        return self._heap[0][-1]

    def take(self) -> _Read:
        return heapq.heappop(self._heap)[-1]

    def clear(self) -> list[_Read]:
        """Take all."""
        waiting = [read for *_, read in self._heap]
        self._heap.clear()
        return waiting


class _Room:
    """How many bytes there may be of items at once; one item may be larger, alone."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes: Final = most_bytes
        self._held: set[_Read] = set()
        self._bytes = 0

    def fits(self, read: _Read) -> bool:
        return not self._held or self._bytes + read.size <= self._most_bytes

    def take(self, read: _Read) -> None:
        self._held.add(read)
        self._bytes += read.size

    def give_back(self, read: _Read) -> bool:
        """Whether it had any."""
        if read not in self._held:
            return False
        self._held.remove(read)
        self._bytes -= read.size
        return True


class FetchingWorkers:
    """Workers that are also handed items of sources: these are read by the reader of their root first.

    An item that has not been read after `seconds_for(size)` fails (`timeout`, transient), and what is read of it later
    is dropped. Closing closes `workers`, and drops what waits.
    """

    def __init__(
        self,
        workers: Workers,
        readers: Mapping[str, Reader],
        *,
        seconds_for: Callable[[int], float],
        reads: int = READS,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers: Final = workers
        self._readers: Final = readers
        self._seconds_for: Final = seconds_for
        self._room: Final = _Room(most_bytes)
        self._reads: Final = reads
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._ready: Final = threading.Condition(self._lock)  # an item, and room for it
        self._begun: Final = threading.Condition(self._lock)  # a read where there was none
        self._waiting: Final = _Line()
        self._running: set[_Read] = set()
        self._threads = 0
        self._hung = 0
        self._minded = False
        self._closed = False

    def submit(self, job: Job, *, urgent: bool = False, on_slow: Callable[[], None] | None = None) -> Future[Extracted]:
        """As `WorkerPool.submit`."""
        if job.listed is None:
            return self._workers.submit(job, urgent=urgent, on_slow=on_slow)
        read = _Read(job, urgent=urgent, on_slow=on_slow)
        with self._lock:
            if self._closed:
                raise _stopped(job)
            self._waiting.put(read)
            if self._threads < min(self._reads, len(self._waiting) + len(self._running)):
                self._start()
            self._ready.notify()
        return read.future

    def close(self) -> None:
        """Stop at once. Safe to call twice."""
        with self._lock:
            self._closed = True
            left = [*self._waiting.clear(), *self._running]
            self._running.clear()
            self._ready.notify_all()
            self._begun.notify_all()
        for read in left:
            self._settle(read, _stopped(read.job))
        self._workers.close()

    # -- the threads

    def _start(self) -> None:
        self._threads += 1
        threading.Thread(target=self._run, name="fetch", daemon=True).start()
        if not self._minded:
            self._minded = True
            threading.Thread(target=self._mind, name="fetch-minder", daemon=True).start()

    def _run(self) -> None:
        while (read := self._take()) is not None:
            try:
                outcome: Given | Exception = self._readers[read.job.root].read(read.job)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is this item's
                outcome = error
            with self._lock:
                if read not in self._running:
                    return  # it was given up, and another thread runs in place of this one
                self._running.remove(read)
            if isinstance(outcome, Exception):
                self._settle(read, outcome)
            else:
                self._hand_on(read, outcome)

    def _take(self) -> _Read | None:
        """The next item for whose bytes there is room; `None` once closed."""
        with self._lock:
            while not self._closed:
                if self._waiting and self._room.fits(self._waiting.first):
                    read = self._waiting.take()
                    if read.future.set_running_or_notify_cancel():
                        read.deadline = self._clock() + self._seconds_for(read.size)
                        if not self._running:
                            self._begun.notify()
                        self._running.add(read)
                        self._room.take(read)
                        if self._waiting:
                            self._ready.notify()  # there may be room for another
                        return read
                else:
                    self._ready.wait()
        return None

    def _hand_on(self, read: _Read, given: Given) -> None:
        """What was read goes to the workers."""
        job = dataclasses.replace(read.job, listed=None, given=given)
        try:
            extracted = self._workers.submit(job, urgent=read.urgent, on_slow=read.on_slow)
        except Exception as error:  # noqa: BLE001 -- they were stopped meanwhile
            self._settle(read, error)
        else:
            extracted.add_done_callback(partial(self._came, read))

    def _came(self, read: _Read, extracted: Future[Extracted]) -> None:
        if extracted.cancelled():
            self._settle(read, _stopped(read.job))
        else:
            error = extracted.exception()
            self._settle(read, extracted.result() if error is None else error)

    def _settle(self, read: _Read, outcome: Extracted | BaseException) -> None:
        """Answer the future, unless it is answered, and give the room for its bytes back."""
        with self._lock:
            if self._room.give_back(read) and self._waiting:
                self._ready.notify()
            if read.settled:
                return
            read.settled = True
            if not (read.future.running() or read.future.set_running_or_notify_cancel()):
                return
        if isinstance(outcome, BaseException):
            read.future.set_exception(outcome)
        else:
            read.future.set_result(outcome)

    # -- reads that do not end

    def _mind(self) -> None:
        while True:
            with self._lock:
                if self._closed:
                    return
                now = self._clock()
                late = [read for read in self._running if read.deadline <= now]
                if not late:
                    due = min((read.deadline for read in self._running), default=None)
                    self._begun.wait(None if due is None else min(due - now, _LOOK_SECONDS))
                    continue
                dropped = self._give_up(late)
            for read in late:
                self._settle(read, _timeout(read.job, self._seconds_for(read.size)))
            for read in dropped:
                self._settle(read, _unanswered(read.job))

    def _give_up(self, late: Iterable[_Read]) -> list[_Read]:
        """Threads that hang are replaced, up to a bound; what waits in vain then."""
        for read in late:
            self._running.remove(read)
            self._threads -= 1
            self._hung += 1
            if self._waiting and self._hung < MOST_HUNG:
                self._start()
        if self._hung < MOST_HUNG or self._threads:
            return []
        return self._waiting.clear()


def _stopped(job: Job) -> DocumentError:
    return DocumentError("the workers were stopped", source=job.source, kind="machinery", code="worker")


def _timeout(job: Job, seconds: float) -> DocumentError:
    reason = f"{job.source} could not be read within {round(seconds, 1):g} s"
    return DocumentError(reason, source=job.source, kind="transient", code="timeout")


def _unanswered(job: Job) -> DocumentError:
    reason = f"{job.source} was not read: its source does not answer"
    return DocumentError(reason, source=job.source, kind="transient", code="unreachable")
