"""What runs inside a worker process: jobs come in over a socket, results go out. Started by `worker` only.

It holds nothing but the extractor, dies with its parent, and cannot be interrupted from the terminal.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError, EmbedingestError
from embedingest.ingest.extract.extractor import Extractor, Job, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["READY", "main"]

READY: Final = b"ready"
_FLUSH_SECONDS: Final = 0.03
_PR_SET_PDEATHSIG: Final = 1


def main(descriptor: int, parent: int, memory_bytes: int) -> None:
    """Answer batches of jobs until the other end is closed. A batch is answered in order, in one or more pieces."""
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link: Connection[Any, Any] = Connection(descriptor)
    with contextlib.suppress(EOFError, OSError):
        extractor = Extractor(pickle.loads(link.recv_bytes()))  # noqa: S301 -- from our own parent
        limit_memory(memory_bytes)
        link.send_bytes(READY)
        while True:
            _answer(link, extractor, pickle.loads(link.recv_bytes()))  # noqa: S301 -- from our own parent


def limit_memory(extra_bytes: int) -> bool:
    """Let this process map at most so many bytes more than it does now; False where the system cannot hold it."""
    if sys.platform != "linux":
        return False
    import resource

    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 -- a worker imports no more than it must
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = mapped + extra_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return True


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process with its parent, which a loader stuck in C code would not notice."""
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _answer(link: Connection[Any, Any], extractor: Extractor, jobs: Sequence[Job]) -> None:
    """Send results as they come, some in one message: a message each would cost more than reading a small file."""
    outcomes: list[tuple[Job, object]] = []
    sent_at = time.monotonic()
    for job in jobs:
        outcomes.append((job, _outcome(extractor, job)))
        if time.monotonic() - sent_at > _FLUSH_SECONDS:
            link.send_bytes(_pickled(outcomes))
            outcomes, sent_at = [], time.monotonic()
    if outcomes:
        link.send_bytes(_pickled(outcomes))


def _outcome(extractor: Extractor, job: Job) -> object:
    try:
        return extractor.extract(job)
    except EmbedingestError as error:
        # The cause may not survive pickling, and its text is in the message.
        error.__cause__ = error.__context__ = error.__traceback__ = None
        return error


def _pickled(outcomes: Sequence[tuple[Job, object]]) -> bytes:
    """The outcomes as one message; what a stranger's code gave and nobody can send fails alone."""
    try:
        return pickle.dumps([outcome for _, outcome in outcomes], pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 -- pickling runs code of whatever it meets
        if len(outcomes) > 1:
            return pickle.dumps([pickle.loads(_pickled([outcome]))[0] for outcome in outcomes])  # noqa: S301 -- our own
        source = outcomes[0][0].source
        reason = f"{source} could not be read: {type(error).__name__}: what was made of it cannot be sent"
        memory = isinstance(error, MemoryError)
        return pickle.dumps([out_of_memory(source) if memory else DocumentError(reason, source=source, code="corrupt")])
