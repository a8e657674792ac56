"""Files on their way through the worker processes: how many at once, and where each outcome goes. Reads no file.

What workers give may be a thousand times what they read, so both are bounded: the bytes of the files they have, and
the memory of what came back until it is stored. A file that takes long counts no more, and holds back no other.
"""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.extract.values import Extracted

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from embedingest.ingest.run.opener import Workers
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.state.journal import FileState

__all__ = ["MOST_BYTES", "MOST_HELD", "MOST_JOBS", "Extraction", "Outcome"]

MOST_JOBS: Final = 48
"""Files that workers have at once; twice as many where the next is urgent."""

MOST_BYTES: Final = 48 * 2**20
"""Bytes of the files that workers have at once, by the sizes that a scan saw. One file may be larger."""


MOST_HELD: Final = 96 * 2**20
"""Bytes of what workers gave, as `Extracted.weight` counts them, before what comes next is put back."""

_FADES: Final = 0.98
_SMALL: Final = 64 * 1024


class Outcome(NamedTuple):
    """A file whose extraction has ended. `result` is `None` where it was cancelled.

    `before` is what the journal knew of it. `put_back`: what it gave was dropped, since there is too much of others; it
    is to be read again once they are stored.
    """

    candidate: Candidate
    before: FileState | None
    result: Extracted | BaseException | None
    put_back: bool = False


class Extraction:
    """Hands files to `workers` (opened with the first of them), and each outcome to `post`, from threads of theirs.

    What a file gave is held until `stored`. An urgent one is never put back, nor a slow one, which others were read
    past: workers have few of those at once. `bytes_read` are those of files that have ended.
    """

    def __init__(self, workers: Callable[[], Workers], post: Callable[[Outcome], None]) -> None:
        self._workers = workers
        self._post = post
        self._jobs = 0
        self._bytes = 0
        self.bytes_read = 0
        self._lock = threading.Lock()
        self._held: dict[str, int] = {}
        self._slow: dict[str, Candidate] = {}
        self._quick_bytes: Counter[str] = Counter()  # of files that are not slow, by what their names end in
        self._growth: dict[str, float] = {}  # the most bytes lately held for a byte that was read, likewise

    @property
    def under_way(self) -> int:
        """How many files were started and have not ended."""
        return self._jobs

    @property
    def bytes_under_way(self) -> int:
        """How many bytes the files have that were started and have not ended."""
        return self._bytes

    @property
    def slow_urgent(self) -> int:
        """How many urgent files are slow: nothing else waits for their end."""
        with self._lock:
            return sum(candidate.urgent for candidate in self._slow.values())

    def full(self, *, urgent: bool) -> bool:
        """Whether the next file has to wait for others to end; for slow ones it does not."""
        with self._lock:
            jobs = self._jobs - len(self._slow)
            if urgent:
                return jobs >= 2 * MOST_JOBS
            if jobs >= MOST_JOBS or self._quick_bytes.total() >= MOST_BYTES:
                return True
            # What an archive unpacks to says nothing of what a note becomes.
            to_come = sum(size * self._growth.get(kind, 0.0) for kind, size in self._quick_bytes.items())
            return sum(self._held.values()) + to_come >= MOST_HELD

    def start(self, candidate: Candidate, before: FileState | None) -> None:
        """Have a file read, and cut unless its bytes are those that `before` was recorded of."""
        trusted = before is not None and before.state in {"done", "empty"}
        job = candidate.job(before.content_hash if before is not None and trusted else "")
        self._jobs += 1
        self._bytes += job.size
        with self._lock:
            self._quick_bytes[_kind(candidate)] += job.size
        on_slow = partial(self._found_slow, candidate)
        future = self._workers().submit(job, urgent=candidate.urgent, on_slow=on_slow)
        future.add_done_callback(lambda done: self._came(Outcome(candidate, before, _result(done))))

    def _found_slow(self, candidate: Candidate) -> None:
        """Others are read past this file; called in a thread of the workers, before its outcome comes."""
        with self._lock:
            self._slow[candidate.source] = candidate
            self._forget_quick(candidate)

    def _came(self, outcome: Outcome) -> None:
        """An outcome is there, in the thread that brings it: hold it, or let go of it before more pile up."""
        if isinstance(outcome.result, Extracted):
            candidate, weight = outcome.candidate, outcome.result.weight
            size = max(1, candidate.file.facts.size)
            kind = _kind(candidate)
            with self._lock:
                if weight > _SMALL:
                    self._growth[kind] = max(weight / size, _FADES * self._growth.get(kind, 0.0))
                waited_for = candidate.urgent or candidate.source in self._slow
                if sum(self._held.values()) >= MOST_HELD and not waited_for:
                    outcome = outcome._replace(result=None, put_back=True)
                else:
                    self._held[candidate.source] = weight
        self._post(outcome)

    def stored(self, source: str) -> None:
        """What a file gave is stored, or wanted no more."""
        with self._lock:
            self._held.pop(source, None)

    def ended(self, outcome: Outcome) -> None:
        """An outcome was taken from where it was posted: there is room for another file."""
        with self._lock:
            if self._slow.pop(outcome.candidate.source, None) is None:
                self._forget_quick(outcome.candidate)
        self._jobs -= 1
        size = outcome.candidate.file.facts.size
        self._bytes -= size
        self.bytes_read += size

    def _forget_quick(self, candidate: Candidate) -> None:
        """A file is slow, or has ended."""
        kind = _kind(candidate)
        self._quick_bytes[kind] -= candidate.file.facts.size
        if self._quick_bytes[kind] <= 0:
            del self._quick_bytes[kind]


def _kind(candidate: Candidate) -> str:
    return PurePosixPath(candidate.source).suffix.lower()


def _result(future: Future[Extracted]) -> Extracted | BaseException | None:
    if future.cancelled():
        return None
    error = future.exception()
    return future.result() if error is None else error
