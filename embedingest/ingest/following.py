"""What a watch does from report to report: batches, pauses, outages, requests, a lost journal. Knows no step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from embedingest.errors import StoreError
from embedingest.ingest.run.due import due_sources
from embedingest.ingest.run.outage import is_hopeless
from embedingest.ingest.state.damage import DamagedJournalError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.run.convergence import Follower
    from embedingest.ingest.run.outage import Outage
    from embedingest.ingest.scan.folders import Folders
    from embedingest.ingest.state.journal import Journal
    from embedingest.ingest.watch.values import Batch

__all__ = ["Followed", "followed"]

_LOOK_SECONDS: Final = 0.2
_REST_LOOK_SECONDS: Final = 0.5
_REST_SECONDS: Final = 5.0
"""After so long without anything to do, what others ask of the writer is looked for less often."""


class Followed(Protocol):
    """What following needs of whoever writes the table; `Pipeline` is one."""

    stop: threading.Event
    folders: Folders
    outage: Outage

    @property
    def journal(self) -> Journal: ...

    @property
    def paused(self) -> str: ...

    @property
    def lost(self) -> bool:
        """Whether the lock or the journal is to be taken anew."""
        ...

    def regain(self) -> bool:
        """Take anew what is lost; whether anything was. Raises LockedError, StoreError."""
        ...

    def attempt(self, batches: Iterable[Batch] | None = None) -> IngestReport | None: ...

    def serve_requests(self) -> Iterator[IngestReport]: ...


def followed(
    writer: Followed, watcher: Follower, *, now: Callable[[], float], beat: Callable[[], None]
) -> Iterator[IngestReport]:
    """A report for each set of changes that the watcher tells, and for each request, until the stop event is set.

    `now` is a clock in seconds since the epoch; `beat` is called whenever there might have been something to do.
    """
    seen = _Seen()
    while not writer.stop.is_set():
        beat()
        batches = watcher.get(timeout=seen.wait())
        try:
            yield from _turn(writer, batches, seen, now)
        except DamagedJournalError:
            if (report := _after_damage(writer)) is not None:
                yield report


class _Seen:
    """The outside changes of the journal that were looked at, and since when there is nothing to do."""

    def __init__(self) -> None:
        self.changes = (0, 0)
        self._looks = 0

    def wait(self) -> float:
        """For how long to wait for changes before the next look at all else."""
        self._looks += 1
        return _LOOK_SECONDS if self._looks <= _REST_SECONDS / _LOOK_SECONDS else _REST_LOOK_SECONDS

    def stir(self) -> None:
        """There was something to do."""
        self._looks = 0


def _turn(writer: Followed, batches: list[Batch], seen: _Seen, now: Callable[[], float]) -> Iterator[IngestReport]:
    report = None
    if batches or writer.outage:
        seen.stir()
    # What changes during a pause, or while engine or store fail, is found by the sweep that ends it.
    if writer.outage:
        if batches or seen.changes != writer.journal.outside_changes():
            writer.outage.nudge()
        if writer.lost and not writer.outage.due:
            return
    if writer.paused:
        # What was restored stays, also where the place of lock and journal fails meanwhile.
        if writer.lost and not _regained(writer):
            return
    elif writer.outage:
        report = writer.attempt() if writer.outage.due else None
        if writer.outage and writer.lost:
            return
    elif batches or writer.lost or due_sources(writer.journal, writer.folders, now()):
        report = writer.attempt(batches)
    if report is not None and report.did_anything():
        yield report
    if seen.changes != writer.journal.outside_changes():
        seen.changes = writer.journal.outside_changes()
        seen.stir()
        yield from writer.serve_requests()


def _after_damage(writer: Followed) -> IngestReport | None:
    """The journal is made anew, and all is swept: nobody knows what it was told last."""
    return writer.attempt() if _regained(writer) and not writer.paused else None


def _regained(writer: Followed) -> bool:
    """Whether what was lost could be taken anew; else an outage has begun, or goes on."""
    try:
        writer.regain()
    except StoreError as error:
        if is_hopeless(error):
            raise
        writer.outage.failed(error)
        return False
    if writer.paused:
        writer.outage.over()
    return True
