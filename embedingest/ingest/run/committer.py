"""Files that are ready, written to the table and the journal together: soon where somebody waits, else many at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from embedingest.ingest.run.changes import changes_of, characters_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.run.planner import PlannedFile
    from embedingest.ingest.run.resources import Resources

__all__ = ["COMMIT_CHARACTERS", "COMMIT_ROWS", "COMMIT_SECONDS", "MOST_NOTICED", "Committer"]

COMMIT_ROWS: Final = 2048
"""Rows and files that are ready before they are written, whatever their age."""

COMMIT_CHARACTERS: Final = 32 * 2**20
"""Characters of the rows that are ready before they are written: text, and every row's copy of what its document says
of itself. One file may have more.
"""

COMMIT_SECONDS: Final = 4.0
"""How long a file that is ready may wait for others."""

MAINTAIN_COMMITS: Final = 32
"""Commits between two upkeeps of the table; four times as many while somebody waits for a file."""

MOST_NOTICED: Final = 1000
"""Files with notices that are remembered by name; where there are more, the journal is asked for all."""


class Committer:
    """Collects files whose vectors are there and writes them; `report` counts what was written.

    `noticed` are sources of files with notices, `MOST_NOTICED` and one at most. `clock` never goes back.
    """

    def __init__(
        self, resources: Resources, report: IngestReport, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._resources = resources
        self._report = report
        self._clock = clock
        self._ready: list[PlannedFile] = []
        self._rows = 0
        self._characters = 0
        self._urgent = False
        self._since = 0.0
        self._commits = 0
        self.noticed: set[str] = set()

    def add(self, file: PlannedFile) -> None:
        """Have a file written with the next commit."""
        if not self._ready:
            self._since = self._clock()
        self._ready.append(file)
        self._urgent = self._urgent or file.candidate.urgent
        change = file.difference
        self._rows += len(change.new) + len(change.refreshed) + 1
        self._characters += characters_of(change)

    @property
    def due(self) -> bool:
        """Whether to commit now: an urgent file is ready, or many rows or large ones, or one file for some seconds."""
        if not self._ready:
            return False
        many = self._rows >= COMMIT_ROWS or self._characters >= COMMIT_CHARACTERS
        return self._urgent or many or self._clock() - self._since >= COMMIT_SECONDS

    def ready(self) -> tuple[int, int]:
        """Chunks and bytes of the files that the next commit writes."""
        chunks = sum(len(file.difference.new) + file.difference.kept for file in self._ready)
        return chunks, sum(file.candidate.file.facts.size for file in self._ready)

    def commit(self) -> list[PlannedFile]:
        """Write what is ready, first to the table, then to the journal. Raises StoreError."""
        if not self._ready:
            return []
        files, self._ready, self._rows, self._characters, self._urgent = self._ready, [], 0, 0, False
        changes = changes_of(files, self._resources.recipe)
        if changes:
            self._resources.commit(changes)
            self._commits += 1
        self._resources.record([file.state for file in files])
        for file in files:
            self._count(file)
        return files

    def maintain_when_due(self, *, urgent: bool) -> None:
        """Let the table tend itself after some commits, later while somebody waits (`urgent`), but not never."""
        if self._commits >= (4 * MAINTAIN_COMMITS if urgent else MAINTAIN_COMMITS):
            self._commits = 0
            self._resources.maintain(self._report)

    def _count(self, file: PlannedFile) -> None:
        change, chunks = file.difference, self._report.chunks
        self._report.files.add(file.outcome)
        chunks.new += len(change.new)
        chunks.kept += change.kept
        chunks.refreshed += len(change.refreshed)
        chunks.deleted += len(change.gone)
        if file.state.notices and len(self.noticed) <= MOST_NOTICED:
            self.noticed.add(file.state.source)
