"""What runs inside a worker process: jobs come in over a socket, results go out. Started by `worker` only.

It holds nothing but the extractor, dies with its parent, and cannot be interrupted from the terminal.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError, EmbedingestError
from embedingest.ingest.extract.claims import Claims
from embedingest.ingest.extract.extractor import Extractor, Job, out_of_memory
from embedingest.ingest.extract.link import Link
from embedingest.system import die_with, leave_no_core, limit_address_space, page_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["READY", "main"]

READY: Final = b"ready"
_COLLECT_AFTER: Final = (10_000, 20, 50)
_RING_SECONDS: Final = 0.03
_RING_BYTES: Final = 64 * 1024


def main(link: int, claims: int, bell: int, parent: int, memory_bytes: int) -> None:
    """Answer batches of jobs until the other end is closed, in order, each job that can be claimed."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for descriptor in (link, claims, bell):
        os.set_inheritable(descriptor, False)
    parent_link = Link(link)
    with contextlib.suppress(EOFError, OSError):
        extractor = Extractor(pickle.loads(parent_link.receive()))  # noqa: S301 -- from our own parent
        limit_memory(memory_bytes)
        gc.freeze()  # what was imported is never garbage
        gc.set_threshold(*_COLLECT_AFTER)
        parent_link.send(READY)
        answers, claimed = _Answers(parent_link, bell), Claims(claims)
        while True:
            jobs: Sequence[Job] = pickle.loads(parent_link.receive())  # noqa: S301 -- from our own parent
            claimed.begin()
            answers.begin()
            for job in jobs:
                if not claimed.claim():
                    break
                answers.send(_pickled(job, _outcome(extractor, job)))
            answers.ring()


def limit_memory(extra_bytes: int) -> bool:
    """Let this process map at most so many bytes more than it does now; False where the system cannot hold it."""
    if sys.platform != "linux":
        return False
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 -- a worker imports no more than it must
        mapped = int(statm.read().split()[0]) * page_bytes()
    leave_no_core()
    return limit_address_space(mapped + extra_bytes)


class _Answers:
    """Sends each result as soon as it is there, and wakes the parent for some at once.

    What is sent outlives this process, and needs no word of it while it is stuck in the next file. To wake the parent
    for each would cost more than reading a small file: `bell` is a pipe that says how many have been sent.
    """

    def __init__(self, link: Link, bell: int) -> None:
        self._link = link
        self._bell = bell
        self._messages = 0
        self._bytes = 0
        self._rung_at = 0.0

    def begin(self) -> None:
        """A batch begins: its first results may wait a little."""
        self._rung_at = time.monotonic()

    def send(self, data: bytes) -> None:
        self._messages += 1
        self._bytes += len(data)
        if self._bytes > _RING_BYTES:
            self.ring()  # before it is sent: it fits into the socket only while somebody reads
        self._link.send(data)
        if time.monotonic() - self._rung_at > _RING_SECONDS:
            self.ring()

    def ring(self) -> None:
        if self._messages:
            os.write(self._bell, bytes([self._messages]))
        self._messages, self._bytes, self._rung_at = 0, 0, time.monotonic()


def _outcome(extractor: Extractor, job: Job) -> object:
    try:
        return extractor.extract(job)
    except EmbedingestError as error:
        # The cause may not survive pickling, and its text is in the message.
        error.__cause__ = error.__context__ = error.__traceback__ = None
        return error


def _pickled(job: Job, outcome: object) -> bytes:
    """The outcome as a message; what a stranger's code gave and nobody can send is an error of its file."""
    try:
        return pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 -- pickling runs code of whatever it meets
        reason = f"{job.source} could not be read: {type(error).__name__}: what was made of it cannot be sent"
        memory = isinstance(error, MemoryError)
        failed = out_of_memory(job.source) if memory else DocumentError(reason, source=job.source, code="corrupt")
        return pickle.dumps(failed, pickle.HIGHEST_PROTOCOL)
