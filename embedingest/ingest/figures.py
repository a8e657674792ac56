"""What a pipeline tells of itself while it runs, for other threads of its process to read. Opens and measures nothing.

The walk swaps values and adds to counters; whoever reads does the rest of the work. So a run pays nothing noticeable.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from embedingest.ingest.report import IngestReport, Progress, ProgressSink

__all__ = ["Figures", "LastSave", "Rates", "Samples"]

_FRESHNESS_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
_COMMIT_BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_RATE_SECONDS: Final = 10.0
_LEAST_SECONDS: Final = 1.0
_START: Final = (0.0, 0, 0)
_OUTCOMES: Final = ("new", "changed")
_FILES: Final = ("new", "changed", "moved", "deleted", "failed")


class LastSave(NamedTuple):
    """The last save that reached the table: which file, seconds from its own time to the commit, when (epoch)."""

    source: str
    seconds: float
    at: float


class Rates(NamedTuple):
    """Of the latest seconds."""

    chunks_per_second: float
    tokens_per_second: float


class Samples:
    """Seconds counted by `bounds`. One thread adds, any may read: `counts` has one more, for what is above them all."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.seconds = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(self.bounds, seconds)] += 1
        self.seconds += seconds

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(self._counts)


class Figures:
    """The figures of one pipeline from here on; a `ProgressSink`, which hands on to `sink` what it is told.

    `now` is in seconds since the epoch, `clock` never goes back. `journal_errors` are those of the journal's statements
    by kind. Only saves that are younger than this count as freshness: of older ones nobody knows who noticed them when.
    """

    def __init__(
        self,
        sink: ProgressSink | None = None,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.progress: Progress | None = None
        self.running = self.begun = False
        self.last_save: LastSave | None = None
        self.freshness = Samples(_FRESHNESS_BOUNDS)
        self.commits = Samples(_COMMIT_BOUNDS)
        self._sink = sink
        self._since = now()
        self._clock = clock
        self._sign = self._began = clock()
        self._done: tuple[Counter[str], IngestReport | None] = Counter(), None
        self._errors: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        self._marks: tuple[tuple[float, int, int], ...] = ()

    # -- for the run

    def __call__(self, progress: Progress) -> None:
        self.progress = progress
        self.beat()
        if self._sink is not None:
            self._sink(progress)

    def begin(self, report: IngestReport, errors: Counter[str]) -> None:
        """A run begins, which counts into `report`; `errors` are those of its journal, from its opening on."""
        counted, _ = self._done
        self._done = counted, report
        before, latest = self._errors
        if latest is not errors:
            self._errors = before + latest, errors
        self._marks = ()
        self._began = self._clock()
        self.progress, self.running, self.begun = None, True, True
        self.beat()

    def end(self) -> None:
        """The run is over."""
        counted, report = self._done
        if report is not None:
            self._done = counted + _counts(report), None
        self.running = False
        self.beat()

    def beat(self) -> None:
        """Its thread lives."""
        self._sign = self._clock()

    def committed(self, seconds: float, saved: Iterable[tuple[str, str, int]], now: float) -> None:
        """A commit took so long, until `now`: of each file the source, what became of it, and its time in ns."""
        self.commits.add(seconds)
        for source, outcome, mtime_ns in saved:
            at = mtime_ns / 1e9
            if outcome in _OUTCOMES and self._since <= at <= now:
                self.freshness.add(now - at)
                self.last_save = LastSave(source, round(now - at, 3), round(now, 3))

    # -- for who reads

    @property
    def silent(self) -> float:
        """Seconds since its thread last gave a sign."""
        return max(0.0, self._clock() - self._sign)

    @property
    def seconds(self) -> float:
        """How long ago the latest run began."""
        return self._clock() - self._began

    def counted(self) -> dict[str, int]:
        """What was done from the beginning on, by name; see `PipelineFigures` of the server."""
        counted, report = self._done
        return dict(counted if report is None else counted + _counts(report))

    def journal_errors(self) -> Mapping[str, int]:
        before, latest = self._errors
        return before + latest

    def rates(self) -> Rates:
        """Rates of the latest ten seconds of the run under way, or of all of it where it is younger; else zero."""
        progress = self.progress
        if progress is None or not self.running or progress.seconds <= 0:
            return Rates(0.0, 0.0)
        mark = progress.seconds, progress.chunks, progress.tokens
        marks = tuple(one for one in self._marks if mark[0] - _RATE_SECONDS <= one[0] < mark[0])
        self._marks = (*marks, mark)
        first = marks[0] if marks and mark[0] - marks[0][0] >= _LEAST_SECONDS and mark[0] > _RATE_SECONDS else _START
        seconds = mark[0] - first[0]
        return Rates(max(0, mark[1] - first[1]) / seconds, max(0, mark[2] - first[2]) / seconds)


def _counts(report: IngestReport) -> Counter[str]:
    files, chunks, embedded = report.files, report.chunks, report.embedded
    counted = Counter({f"files_{name}": getattr(files, name) for name in _FILES})
    counted["chunks_new"], counted["chunks_kept"], counted["chunks_deleted"] = chunks.new, chunks.kept, chunks.deleted
    counted["texts"], counted["tokens"], counted["reused"] = embedded.texts, embedded.tokens, embedded.reused
    return counted
