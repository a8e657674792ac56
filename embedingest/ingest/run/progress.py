"""Where a run stands, told to whoever draws it and left in the journal for `status` of another process."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple, NotRequired, Protocol, TypedDict

from embedingest.ingest.figures import Figures, LastSave
from embedingest.ingest.forecast import Forecast, Work
from embedingest.ingest.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embedingest.ingest.report import IngestReport, ProgressSink
    from embedingest.ingest.run.planner import PlannedFile
    from embedingest.ingest.state.journal import Journal

__all__ = ["ProgressNote", "ProgressReporter", "RunStatus", "Standing", "Stands", "read_note", "read_run"]

_KEY: Final = "progress"
_TELL_SECONDS: Final = 0.1
_NOTE_SECONDS: Final = 1.0
_TIDY_SHARE: Final = 0.4
"""What indexing the rows of a run at its end takes, of what writing them took (measured with 5 000 to 20 000 rows)."""


class Standing(NamedTuple):
    """How far a run is: files done with of those taken up, and their bytes.

    `chunks_ready` and `bytes_ready` are of files under way: those whose vectors are there. `tokens_ready` were embedded
    and are in no report yet.
    """

    done: int = 0
    total: int = 0
    bytes_done: int = 0
    chunks_ready: int = 0
    bytes_ready: int = 0
    work: Work = Work()
    tokens_ready: int = 0


class Stands(Protocol):
    """A walk that can say where it stands; asked only when that is told."""

    def standing(self) -> Standing: ...


class ProgressNote(TypedDict):
    """The journal's note of a run. `at` is when it was written, in seconds since the epoch.

    `share` is how much of the run is done, from 0 to 1, by bytes; `last_save` is of the watch that the run belongs to.
    """

    pid: int
    stage: str
    done: int
    total: int
    tokens_per_second: float
    at: float
    seconds_left: NotRequired[float | None]
    chunks_per_second: NotRequired[float]
    share: NotRequired[float]
    last_save: NotRequired[LastSave | None]


class RunStatus(TypedDict):
    """`run` of `status --json`: the note, with its age in seconds instead of its time."""

    pid: int
    stage: str
    done: int
    total: int
    tokens_per_second: float
    chunks_per_second: float
    share: float
    seconds_left: float | None
    age: float


class ProgressReporter:
    """Tells `sink` some ten times a second, and the journal once a second. A sink that is `Figures` hears of commits
    and counts, too.

    `now` is the time of the journal's note, in seconds since the epoch; `clock` never goes back.
    """

    def __init__(
        self,
        journal: Journal,
        sink: ProgressSink | None = None,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._figures = sink if isinstance(sink, Figures) else Figures(sink, now=now)
        self._now = now
        self._clock = clock
        self._started = clock()
        self._forecast = Forecast()
        self._commits: list[float] = []
        self._told_at = self._noted_at = float("-inf")

    def begin(self, report: IngestReport) -> None:
        """A run begins, which counts into `report`: its progress counts from now."""
        self._figures.begin(report, self._journal.errors)
        self._started = self._clock()
        self._forecast = Forecast()
        self._commits.clear()

    def end(self) -> None:
        """The run is over, however it ended."""
        self._figures.end()

    def beat(self) -> None:
        """Whoever follows lives, also while there is nothing to do."""
        self._figures.beat()

    def pause(self, seconds: float) -> None:
        """So many seconds went just now into something that comes once a run: no rate counts them."""
        self._forecast.pause(seconds)

    def committed(self, seconds: float, files: Iterable[PlannedFile], *, first: bool = False) -> None:
        """A commit of these files took so long; the `first`, which makes the table, is in no forecast."""
        if first:
            self._forecast.pause(seconds)
        else:
            self._commits.append(seconds)
        saved = ((file.state.source, file.outcome, file.state.mtime_ns) for file in files)
        self._figures.committed(seconds, saved, self._now())

    def _ending(self, stands: Standing) -> float:
        """Seconds from the last vector to the end of the run: one more commit, and the index over all of them."""
        if not self._commits:
            return 0.0
        whole = sum(self._commits) * max(1.0, stands.work.bytes_total / max(1, stands.bytes_done))
        return self._commits[-1] + _TIDY_SHARE * whole

    def tell(self, stage: str, report: IngestReport, walk: Stands, *, always: bool = False) -> None:
        """Tell where `walk` stands, unless that was told a moment ago and not `always`."""
        now = self._clock()
        if now - self._told_at < _TELL_SECONDS and not always:
            return
        self._told_at = now
        stands = walk.standing()
        self._forecast.add(now - self._started, stands.work)
        self._forecast.ends_with(self._ending(stands))
        progress = Progress(
            stage,
            stands.done,
            stands.total,
            report.chunks.new + report.chunks.kept + stands.chunks_ready,
            report.embedded.tokens + stands.tokens_ready,
            now - self._started,
            stands.bytes_done + stands.bytes_ready,
            stands.work.bytes_total,
            self._forecast.time_left() if stage == "ingest" else None,
        )
        self._figures(progress)
        if stands.total and (now - self._noted_at >= _NOTE_SECONDS or always):
            self._noted_at = now
            self._note(progress)

    def _note(self, progress: Progress) -> None:
        note = ProgressNote(
            pid=os.getpid(),
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            tokens_per_second=round(progress.tokens_per_second, 1),
            chunks_per_second=round(progress.chunks / progress.seconds, 1) if progress.seconds > 0 else 0.0,
            share=round(progress.share, 4),
            last_save=self._figures.last_save,
            at=round(self._now(), 3),
            seconds_left=None if progress.seconds_left is None else round(progress.seconds_left, 1),
        )
        self._journal.set_meta(_KEY, json.dumps(note))


def read_note(journal: Journal) -> ProgressNote | None:
    """The journal's note of the latest run, as it was written; `None` where there is none."""
    text = journal.meta(_KEY)
    note: ProgressNote | None = json.loads(text) if text else None
    return note


def read_run(journal: Journal, now: float) -> RunStatus | None:
    """The journal's note of the latest run, seen from `now` (seconds since the epoch); `None` where there is none."""
    note = read_note(journal)
    if note is None:
        return None
    return RunStatus(
        pid=note["pid"],
        stage=note["stage"],
        done=note["done"],
        total=note["total"],
        tokens_per_second=note["tokens_per_second"],
        chunks_per_second=note.get("chunks_per_second", 0.0),
        share=note.get("share", note["done"] / note["total"] if note["total"] else 1.0),
        seconds_left=note.get("seconds_left"),
        age=max(0.0, round(now - note["at"], 1)),
    )
