"""Parts that have ended, written into table and journal together: many with one commit, each once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.run.committer import MOST_NOTICED
from embedingest.ingest.run.planner import PlannedFile
from embedingest.store.coverage import cover_keys
from embedingest.store.fragments import PartCommit, commit_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.cluster.runs import Run
    from embedingest.cluster.values import Part, PartResult
    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.run.resources import Resources

__all__ = ["Commits", "Ended"]

_PAUSE: Final = 10.0
"""Times what a commit took, before another is made because files wait for it."""


class Ended(NamedTuple):
    """A part with what became of it."""

    part: Part
    result: PartResult


class Commits:
    """Collects parts that have ended and commits them; `report` counts what was written.

    A commit is due after `most_parts`, or `seconds` after the first of them ended; `ready` are the files that
    wait for it, their chunks and bytes. `noticed` are sources of files with notices, some more than are named. `guard`
    raises where the table may not be written any more; `clock` never goes back.
    """

    def __init__(
        self,
        resources: Resources,
        report: IngestReport,
        *,
        most_parts: int,
        seconds: float,
        guard: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resources = resources
        self._report = report
        self._most_parts = most_parts
        self._seconds = seconds
        self._guard = guard
        self._clock = clock
        self._ended: list[Ended] = []
        self._since = self._next = 0.0
        self.ready = 0, 0, 0
        self.noticed: set[str] = set()

    def add(self, part: Part, result: PartResult) -> None:
        """Have a part written with the next commit. What is paid for counts from now on."""
        if not self._ended:
            self._since = self._clock()
        self._ended.append(Ended(part, result))
        self._wait_for(part, result)
        embedded = self._report.embedded
        embedded.texts += result.texts
        embedded.tokens += result.tokens
        embedded.characters += result.characters
        embedded.reused += result.reused
        for stage, seconds in result.seconds.items():
            self._report.spend(stage, seconds)

    @property
    def due(self) -> bool:
        """Whether to commit now: many parts wait, or one for some time."""
        return len(self._ended) >= self._most_parts or (
            bool(self._ended) and self._clock() - self._since >= self._seconds
        )

    @property
    def affordable(self) -> bool:
        """Whether to commit now where others wait for it: there is something, and commits take little of all time."""
        return bool(self._ended) and self._clock() >= self._next

    def commit(self, run: Run) -> list[Ended]:
        """Write what waits, first to the table, then to the journal. Raises StoreError; then the same waits still."""
        started, ended = time.perf_counter(), self._ended
        if not ended:
            return []
        parts = [
            PartCommit(result.number, result.fragments, result.delete_ids)
            for _, result in ended
            if result.fragments or result.delete_ids
        ]
        if parts:
            # What came before this version is known: no part of it is asked for again.
            run.version = commit_parts(
                run.table.db, run.table.name, parts, run=run.id, since=run.version, guard=self._guard
            )
            run.version = cover_keys(run.table.db, run.table.name, run=run.id)
            self._resources.drop_table()  # which knows an earlier version
            self._resources.worked = True
        files = [file for part, result in ended for file in _planned(part, result)]
        self._resources.record([file.state for file in files])
        self._ended, self.ready = [], (0, 0, 0)
        for _, result in ended:
            self._count(result)
        seconds = time.perf_counter() - started
        self._next = self._clock() + _PAUSE * seconds
        self._resources.progress.committed(seconds, files)
        self._report.spend("commit", seconds)
        return ended

    def _wait_for(self, part: Part, result: PartResult) -> None:
        """Count the files of a part among those that are ready."""
        files, chunks, size = self.ready
        sizes = {file.candidate.source: file.candidate.file.facts.size for file in part.files}
        stored = [file for file in result.files if file.state is not None]
        made = sum(file.new + file.kept for file in stored)
        self.ready = files + len(stored), chunks + made, size + sum(sizes[file.source] for file in stored)

    def _count(self, result: PartResult) -> None:
        chunks = self._report.chunks
        for file in result.files:
            if file.state is None:
                continue
            self._report.files.add(file.outcome)
            chunks.new += file.new
            chunks.kept += file.kept
            chunks.refreshed += file.refreshed
            chunks.deleted += file.deleted
            chunks.truncated += file.truncated
            if file.state.notices and len(self.noticed) <= MOST_NOTICED:
                self.noticed.add(file.source)


def _planned(part: Part, result: PartResult) -> list[PlannedFile]:
    """The files of a part that have a state now."""
    candidates = {file.candidate.source: file.candidate for file in part.files}
    stored = [(file, file.state) for file in result.files if file.state is not None]
    return [PlannedFile(candidates[file.source], state, None, outcome=file.outcome) for file, state in stored]
