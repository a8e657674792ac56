"""A table that is opened once, by whoever needs it first: the walk, or a thread that opens it beside other work."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.opener import Opener, Table

__all__ = ["LazyTable"]


class LazyTable:
    """The table of a run. `had_rows` says whether any were there when it was opened."""

    def __init__(self, opener: Opener, recipe: Recipe) -> None:
        self._opener = opener
        self._recipe = recipe
        self._opening = threading.Lock()
        self._preparation: threading.Thread | None = None
        self._table: Table | None = None
        self.had_rows = True

    @property
    def is_open(self) -> bool:
        return self._table is not None

    def exists(self) -> bool:
        """Whether there is a table to ask; true where that cannot be told without opening it."""
        return self._table is not None or self._opener.token() != ""

    def get(self) -> Table:
        """The table, made where there was none. Raises StoreError, FingerprintError."""
        with self._opening:
            if self._table is None:
                table = self._opener.table(self._recipe)
                self.had_rows = table.count() > 0
                self._table = table
            return self._table

    def prepare(self) -> None:
        """Open it beside other work, once; where there is none, import what it takes."""
        if self._table is not None or self._preparation is not None:
            return

        def run() -> None:
            with suppress(Exception):  # whoever opens the table meets it again
                self._opener.prepare_table()
                if self.exists():
                    self.get()

        self._preparation = threading.Thread(target=run, name="warm")
        self._preparation.start()

    def wait(self) -> None:
        """Until it is prepared, where that has begun."""
        if self._preparation is not None:
            self._preparation.join()

    def drop(self) -> Table | None:
        """Have it opened anew by whoever needs it next; answers the table that was open."""
        with self._opening:
            table, self._table = self._table, None
        return table
