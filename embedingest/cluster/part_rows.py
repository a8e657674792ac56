"""Files of a part that have all their vectors, written as fragments that are in no version of the table yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.run.changes import changes_of, characters_of
from embedingest.store.fragments import write_rows

if TYPE_CHECKING:
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.planner import PlannedFile
    from embedingest.store.table import ChunkTable

__all__ = ["MOST_BYTES", "MOST_ROWS", "PartRows"]

MOST_ROWS: Final = 2**18
"""Rows that are ready before they are written: a fragment is to be large."""

MOST_BYTES: Final = 512 * 2**20
"""Of the characters of rows that are ready, and of their vectors. One file may have more."""


class PartRows:
    """Collects files and writes them against `table`, the table at the part's version.

    `fragments` (JSON), `delete_ids` and the number of `rows` in the fragments are what was written until now.
    """

    def __init__(self, table: ChunkTable, recipe: Recipe) -> None:
        self._table = table
        self._recipe = recipe
        self._ready: list[PlannedFile] = []
        self._ready_rows = 0
        self._ready_bytes = 0
        self.fragments: list[str] = []
        self.delete_ids: list[str] = []
        self.rows = 0

    def add(self, file: PlannedFile) -> None:
        """Have a file written."""
        change = file.difference
        if change:
            self._ready.append(file)
            self._ready_rows += len(change.new) + len(change.refreshed)
            self._ready_bytes += characters_of(change) + sum(value.nbytes for value in file.vectors.values())

    @property
    def due(self) -> bool:
        """Whether to write now, lest memory grows."""
        return self._ready_rows >= MOST_ROWS or self._ready_bytes >= MOST_BYTES

    def write(self) -> None:
        """Write what is ready. Raises StoreError; then nothing of the part is any good."""
        if not self._ready:
            return
        files, self._ready, self._ready_rows, self._ready_bytes = self._ready, [], 0, 0
        written = write_rows(self._table, changes_of(files, self._recipe))
        self.fragments += written.fragments
        self.delete_ids += written.delete_ids
        self.rows += written.rows
