"""A file on its way through the workers: what it is, where it stands in line, and how often it was tried."""

from __future__ import annotations

import enum
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.errors import ErrorKind
    from embedingest.ingest.extract.reading import Job
    from embedingest.ingest.extract.values import Extracted

__all__ = ["Rank", "Task", "failure"]

_SMALL_BYTES: Final = 16 * 1024


class Rank(enum.IntEnum):
    """Which files are read before which: those that are tried again, those that somebody waits for, all others."""

    RETRY = 0
    URGENT = 1
    BACKLOG = 2


class Task:
    """A job with its future, which is answered once, and how often it took a worker down.

    `alone`: never in a batch. `apart`: while no other worker has anything to read. `broken_off`: it was being read for
    long, and gave way to others. `number` is its place among those of its rank. `kind` is what its name ends in.
    `on_slow` is called, from a thread of the workers, when it turns out to take long.
    """

    __slots__ = (
        "alone",
        "apart",
        "attempts",
        "broken_off",
        "future",
        "job",
        "kind",
        "number",
        "on_slow",
        "rank",
        "slow",
    )

    def __init__(self, job: Job, *, urgent: bool = False, on_slow: Callable[[], None] | None = None) -> None:
        self.job = job
        self.kind = job.source.rpartition(".")[2].lower()
        self.future: Future[Extracted] = Future()
        self.rank = Rank.URGENT if urgent else Rank.BACKLOG
        self.number = 0
        self.attempts = 0
        self.alone = job.size > _SMALL_BYTES
        self.apart = self.broken_off = self.slow = False
        self.on_slow = on_slow

    def begin(self) -> bool:
        """It is taken from the line, perhaps not for the first time; whether it is still wanted."""
        return self.future.running() or self.future.set_running_or_notify_cancel()

    def settle(self, outcome: Extracted | Exception) -> None:
        """Answer the future."""
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)

    def drop(self) -> None:
        """The workers are stopped: nobody will read it."""
        if not self.future.cancel():
            self.settle(failure(self, "worker", "the workers were stopped", kind="machinery"))


def failure(
    task: Task, code: str, reason: str, *, kind: ErrorKind = "permanent", remedy: str | None = None
) -> DocumentError:
    """The error of a task's file: `reason` is what it did, or with another kind what was wrong around it."""
    source = task.job.source
    message = f"{source} {reason}" if kind == "permanent" else f"{source} could not be read: {reason}"
    return DocumentError(message, source=source, kind=kind, code=code, remedy=remedy)
