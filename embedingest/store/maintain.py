"""Upkeep by the table's own statistics: compaction, indices, old versions. Knows no rows' meaning and no schedule."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

from embedingest.store import text_index, vector_index
from embedingest.store.health import damage, damaged_table
from embedingest.store.key_index import KEY_INDICES
from embedingest.store.makers import IN_THIS_PROCESS
from embedingest.store.uri import local_folder
from embedingest.store.values import TableStats

if TYPE_CHECKING:
    from collections.abc import Collection

    from embedingest.store.handle import TableHandle
    from embedingest.store.values import Upkeep

__all__ = ["Maintainer", "Needs", "needs", "stats"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Needs:
    """What the statistics ask for, in the order in which it is done; of `key_indices` the names of those to make."""

    text_index: bool = False
    key_indices: frozenset[str] = frozenset()
    compact: bool = False
    clean: bool = False
    vector_index: bool = False

    def __bool__(self) -> bool:
        return any(astuple(self))


def stats(table: TableHandle) -> TableStats:
    """The table's figures as of now. Raises StoreError."""
    with table.translated("read the statistics of"):
        figures = table.lance.stats()
        fragments = figures["fragment_stats"]
        covered = {i.name: (int(i.num_indexed_rows), int(i.num_unindexed_rows)) for i in table.lance.list_indices()}
    return TableStats(
        rows=int(figures["num_rows"]),
        fragments=int(fragments["num_fragments"]),
        small_fragments=int(fragments["num_small_fragments"]),
        bytes=int(figures["total_bytes"]),
        versions=_versions(table),
        indices=covered,
        vector_index=vector_index.remembered(table.schema),
    )


def _versions(table: TableHandle) -> int:
    """How many versions are kept. On this machine their files are counted: reading each takes far longer."""
    folder = local_folder(table.uri)
    if folder is not None:
        return sum(1 for _ in (folder / f"{table.name}.lance" / "_versions").glob("*.manifest"))
    with table.translated("list the versions of"):
        return len(table.lance.list_versions())


def needs(figures: TableStats, upkeep: Upkeep) -> Needs:
    """What to do, from figures alone.

    Compaction rewrites the rows of every fragment it joins, and each fragment that waits for it slows every search
    and commit a little. The sum of both is least where the number that waits grows with the square root of the rows.
    Folding waits for a share of the rows: it writes the indices of the keys again, so its time grows with the rows too.
    """
    fold_rows = max(upkeep.fold_rows, int(figures.rows * upkeep.fold_share))
    crowded = figures.small_fragments > upkeep.max_fragments + math.isqrt(figures.rows) // 8
    indexed = vector_index.VECTOR_INDEX in figures.indices
    return Needs(
        text_index=figures.rows > 0 and text_index.TEXT_INDEX not in figures.indices,
        key_indices=KEY_INDICES - set(figures.indices) if figures.rows >= upkeep.index_rows else frozenset(),
        compact=crowded or figures.unindexed_rows > fold_rows,
        clean=figures.versions > upkeep.max_versions,
        vector_index=vector_index.wanted(figures.rows, figures.vector_index, indexed, upkeep),
    )


class Maintainer:
    """Keeps one table in order for one process; remembers when it last cleaned, and the index that is being made."""

    def __init__(self, table: TableHandle) -> None:
        self._table = table
        self.makers = IN_THIS_PROCESS
        self._cleaned_at = float("-inf")
        self._seen = (0, 0.0)
        self._settled = 0
        self._building: threading.Thread | None = None
        self._failure: Exception | None = None
        self._retry_at = float("-inf")

    def remake(self, names: Collection[str], upkeep: Upkeep) -> None:
        """Make these indices again, whatever is left of them."""
        self.wait()
        with self._table.writing:
            keys = KEY_INDICES & set(names)
            self._carry_out(Needs(text_index=text_index.TEXT_INDEX in names, key_indices=keys), upkeep)
        if vector_index.VECTOR_INDEX in names:
            self._build(upkeep, background=False)

    @property
    def error(self) -> str:
        """Why there is no vector index where one is wanted; empty where nothing is wrong."""
        return "" if self._failure is None else f"the vector index could not be made: {_described(self._failure)}"

    def maintain(self, upkeep: Upkeep, *, background: bool) -> Needs:
        """Do what the statistics ask for. With `background` a vector index is made beside other commits."""
        with self._table.writing:
            figures = stats(self._table)
            todo = _with_damaged(needs(figures, upkeep), self._table)
            todo = replace(
                todo,
                text_index=todo.text_index or self._text_differs(upkeep),
                # Within the retention nothing more could be removed, so asking again would only cost.
                clean=(todo.clean and time.monotonic() - self._cleaned_at >= upkeep.retention_seconds / 3)
                or self._rests(figures, upkeep),
                vector_index=todo.vector_index and time.monotonic() >= self._retry_at,
            )
            if self._is_building():
                # A compaction would move the rows away under the index that is being made.
                todo = replace(todo, vector_index=False, compact=False, clean=False)
            self._carry_out(todo, upkeep)
        if todo.vector_index:
            self._build(upkeep, background=background)
        return todo

    def optimize(self, upkeep: Upkeep) -> Needs:
        """Do everything now, whatever the statistics say. Raises DamagedTableError where files of rows are missing."""
        self.wait()
        found = damage(self._table.uri, self._table.name)
        if found and found[0].part == "rows":
            raise damaged_table(self._table.name, found)
        with self._table.writing:
            todo = _with_damaged(needs(stats(self._table), upkeep), self._table)
            todo = replace(todo, text_index=todo.text_index or self._text_differs(upkeep), compact=True, clean=True)
            self._carry_out(todo, upkeep)
        if todo.vector_index:
            self._build(upkeep, background=False)
        return todo

    def wait(self) -> None:
        """Wait for an index that is being made."""
        if self._building is not None:
            self._building.join()
            self._building = None

    def _rests(self, figures: TableStats, upkeep: Upkeep) -> bool:
        """Whether all old versions have outlived the retention and were not looked at since.

        However few they are: one that a compaction replaced holds a copy of the whole table.
        """
        now, version = time.monotonic(), int(self._table.lance.version)
        if version != self._seen[0]:
            self._seen = (version, now)
        aged = now - self._seen[1] >= upkeep.retention_seconds
        return aged and figures.versions > 1 and version != self._settled

    def _text_differs(self, upkeep: Upkeep) -> bool:
        """Whether the index over words was made with other settings."""
        settings = text_index.stored_settings(self._table)
        return settings is not None and settings != upkeep.text

    def _carry_out(self, todo: Needs, upkeep: Upkeep) -> None:
        """All but the vector index."""
        table = self._table
        if todo:
            _log.info("tending table", extra={"table": table.name, "needs": str(todo)})
        if todo.text_index:
            self.makers.text(table, upkeep.text)
        if todo.key_indices:
            self.makers.keys(table, todo.key_indices)
        if todo.clean:
            before = int(table.lance.version)
            self.makers.join(table, upkeep.retention_seconds)
            self._cleaned_at = time.monotonic()
            # What was rewritten just now leaves old files that are still readable: those are for the next time.
            self._settled = before if int(table.lance.version) == before else 0
        elif todo.compact:
            self.makers.join(table, None)
        if not self._is_building():
            table.freshen()

    def _is_building(self) -> bool:
        return self._building is not None and self._building.is_alive()

    def _build(self, upkeep: Upkeep, *, background: bool) -> None:
        if not background:
            vector_index.build(self._table, upkeep, self.makers.vectors)
            self._failure = None
            return
        self._building = threading.Thread(target=self._build_in_thread, args=(upkeep,), name="vector-index")
        self._building.start()

    def _build_in_thread(self, upkeep: Upkeep) -> None:
        try:
            vector_index.build(self._table, upkeep, self.makers.vectors)
        except Exception as error:  # noqa: BLE001 -- nobody waits for this thread: `error` says it, and it is tried again
            # Search stays exact without the index.
            _log.warning("the vector index could not be made: %s", _described(error), exc_info=error)
            self._retry_at = time.monotonic() + upkeep.retry_seconds
            self._failure = error
        else:
            self._failure = None


def _with_damaged(todo: Needs, table: TableHandle) -> Needs:
    """What is needed, and what indices have damaged files besides."""
    names = {item.index for item in damage(table.uri, table.name) if item.part == "index"}
    return replace(
        todo,
        text_index=todo.text_index or text_index.TEXT_INDEX in names,
        key_indices=todo.key_indices | (KEY_INDICES & names),
        vector_index=todo.vector_index or vector_index.VECTOR_INDEX in names,
    )


def _described(error: Exception) -> str:
    return str(error) or type(error).__name__
