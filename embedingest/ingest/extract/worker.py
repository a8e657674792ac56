"""One extraction process and the socket to it: started, fed, listened to, ended. Knows no queue."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import re
import subprocess
import time
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Final

from embedingest.ingest.extract.claims import Offers
from embedingest.ingest.extract.link import Link, pair
from embedingest.ingest.extract.process import READY
from embedingest.system import FROM_OUTSIDE, end_group, interpreter, page_bytes, peak_bytes, reap, signal_name

if TYPE_CHECKING:
    from io import FileIO

    from embedingest.ingest.extract.reading import Job
    from embedingest.ingest.extract.values import Extracted

__all__ = ["Worker", "WorkerLostError"]

_log = logging.getLogger(__name__)

_START_SECONDS: Final = 60.0
_DEATH_SECONDS: Final = 1.0
_MOST_RINGS: Final = 4096
_LAST_WORDS: Final = 4096  # bytes of what a worker said last
_OUT_OF_MEMORY: Final = re.compile(
    rb"bad_alloc|memory allocation|out of memory|cannot allocate memory|memoryerror", re.IGNORECASE
)
_ENVIRONMENT: Final = {
    # The engine has the cores; a worker is one of them. Fewer arenas: address space is what is limited.
    "OMP_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MALLOC_ARENA_MAX": "1",
}


class WorkerLostError(Exception):
    """A worker is gone while it had files to read: it hung, died, grew too large, or could not be started.

    `code` is `timeout`, `crashed`, `memory`, `killed` or `worker`; `reason` what the file at hand did, or what went
    wrong around it.
    """

    def __init__(self, code: str, reason: str, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.remedy = code, reason, remedy


class Worker:
    """A process that may map `memory_bytes` more than it does when it is ready (on Linux, which can hold it).

    `settings` are pickled ExtractionSettings. Every method raises WorkerLostError when the process is gone.
    """

    def __init__(self, settings: bytes, memory_bytes: int) -> None:
        try:
            self._offers, self._link, self._bell, self._process = _started(memory_bytes)
        except OSError as error:
            raise WorkerLostError("worker", str(error)) from error
        assert self._process.stderr is not None
        self._stderr = self._process.stderr.fileno()  # -1 once the worker has closed it
        self._last_words = b""
        self._unsaid = b""  # of a line that has not ended
        self._memory_bytes: Final = memory_bytes
        self._resting_bytes = 0
        self._starter_bytes: Final = _peak_bytes()
        self._ready = False
        self._announced = 0  # results that the bell told of and that were not read; below zero, read and not told of
        self.pid: Final = self._process.pid
        self._send_bytes(settings)

    def wait_ready(self) -> None:
        """Until the process has imported what it needs; its time limits begin after."""
        if not self._ready:
            if self._first_word() != READY:
                raise WorkerLostError("worker", "it answered with something else")
            self._ready = True
            # A process that another started counts that one's size among its own peaks.
            self._resting_bytes = max(self.resident_bytes(), self._starter_bytes)

    def send(self, jobs: list[Job]) -> None:
        """Hand over a batch; `receive` gives its outcomes in order, some at a time."""
        self._offers.offer(len(jobs))
        self._send_bytes(pickle.dumps(jobs, pickle.HIGHEST_PROTOCOL))

    def withdraw(self) -> int:
        """Take back the files of the batch that the process has not begun: how many, the last ones."""
        return self._offers.withdraw()

    def receive(self, seconds: float) -> list[Extracted | Exception]:
        """The next outcomes; after so many seconds those that are there, which may be none."""
        outcomes: list[Extracted | Exception] = []
        try:
            rings = self._bell.read(_MOST_RINGS) if self._answers(seconds, self._bell.fileno()) else b""
            self._announced += sum(rings)
            while self._announced > 0 or (not rings and self._link.ready()):
                outcomes.append(self._outcome())
        except (EOFError, OSError) as error:
            if not outcomes:  # what it has sent is as good as if it lived
                raise self._death() from error
        return outcomes

    def resident_bytes(self) -> int:
        """Memory of the process; 0 where the system does not say."""
        with contextlib.suppress(OSError), open(f"/proc/{self.pid}/statm", "rb") as statm:  # noqa: PTH123 -- once a start
            return int(statm.read().split()[1]) * page_bytes()
        import psutil

        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def kill(self) -> None:
        """End the process and whatever it started."""
        end_group(self.pid)

    def close(self) -> None:
        """End the process and wait for its end."""
        self.kill()
        self._process.wait()
        self._link.close()
        self._offers.close()
        self._bell.close()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _send_bytes(self, data: bytes) -> None:
        try:
            self._link.send(data)
        except OSError as error:
            raise self._death() from error

    def _first_word(self) -> bytearray:
        deadline = time.monotonic() + _START_SECONDS
        try:
            while not self._answers(max(0.0, deadline - time.monotonic()), self._link.fileno()):
                if time.monotonic() >= deadline:
                    raise WorkerLostError("worker", f"it was not ready within {_START_SECONDS:g} s")
            return self._link.receive()
        except (EOFError, OSError) as error:
            raise self._death() from error

    def _outcome(self) -> Extracted | Exception:
        data = self._link.receive()
        self._announced -= 1
        return pickle.loads(data)  # type: ignore[no-any-return] # noqa: S301 -- our own child

    def _answers(self, seconds: float, answer: int) -> bool:
        """Whether there is something to read from `answer` within so many seconds, or its other end is closed.

        What the worker says on standard error is logged.
        """
        ready = wait([answer, self._stderr] if self._stderr >= 0 else [answer], seconds)
        if self._stderr in ready:
            self._hear()
        return answer in ready

    def _hear(self) -> None:
        """Log the lines that stand in the pipe of standard error, and remember its end."""
        said = os.read(self._stderr, 65_536)
        if not said:
            self._stderr = -1
        self._last_words = (self._last_words + said)[-_LAST_WORDS:]
        *lines, self._unsaid = (self._unsaid + said).split(b"\n")
        if len(self._unsaid) > _LAST_WORDS or not said:
            lines, self._unsaid = [*lines, self._unsaid], b""
        for line in lines:
            if text := line.decode("utf-8", "replace").rstrip():
                _log.warning("a reading process says: %s", text)

    def _death(self) -> WorkerLostError:
        """How the process ended."""
        peak = self._reap()
        while self._stderr >= 0 and wait([self._stderr], 0):
            self._hear()
        status = self._process.wait()
        if -status in FROM_OUTSIDE:
            return WorkerLostError(
                "killed",
                f"its extraction process was ended from outside ({signal_name(-status)})",
                "where the system ran out of memory, lower `load.workers` or `load.memory_mib`",
            )
        how = signal_name(-status) if status < 0 else f"exit status {status}"
        if peak - self._resting_bytes > self._memory_bytes // 2 or _OUT_OF_MEMORY.search(self._last_words):
            # A library that is refused memory may end the process instead of saying so.
            reason = f"took more memory than a worker may use, which ended its extraction process ({how})"
            return WorkerLostError("memory", reason, "raise `load.memory_mib`")
        return WorkerLostError("crashed", f"took its extraction process down ({how})")

    def _reap(self) -> int:
        """Wait for the end of the process, which comes soon after that of its socket; its largest size in memory."""
        return reap(self._process, _DEATH_SECONDS, self.kill)


def _started(memory_bytes: int) -> tuple[Offers, Link, FileIO, subprocess.Popen[bytes]]:
    """What files are offered by, the link, the bell, and the process at the other end of them. Raises OSError."""
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
        offers = Offers()
        ours.callback(offers.close)
        link, far = pair()
        ours.callback(link.close)
        theirs.callback(far.close)
        heard, rung = os.pipe()
        bell = ours.enter_context(open(heard, "rb", buffering=0))  # noqa: PTH123 -- a descriptor
        theirs.callback(os.close, rung)
        numbers = (far.fileno(), offers.descriptor, rung, os.getpid(), memory_bytes)
        process = subprocess.Popen(
            interpreter("embedingest.ingest.extract.process", *numbers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=[far.fileno(), offers.descriptor, rung],
            env={**os.environ, **_ENVIRONMENT},
            start_new_session=True,  # Ctrl-C in the terminal is for the parent to answer
        )
        ours.pop_all()
    return offers, link, bell, process


def _peak_bytes() -> int:
    """The largest size of this process in memory, since it became the program that it is."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text("ascii")
        return 1024 * int(status.partition("VmHWM:")[2].split(maxsplit=1)[0])
    return peak_bytes()
