"""Upkeep by the table's own statistics: compaction, indices, old versions. Knows no rows' meaning and no schedule."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from embedingest.store import vector_index
from embedingest.store.uri import local_folder
from embedingest.store.values import TableStats, TextSettings

if TYPE_CHECKING:
    from embedingest.store.table import ChunkTable
    from embedingest.store.values import Upkeep

__all__ = ["KEY_COLUMNS", "TEXT_INDEX", "Maintainer", "Needs", "needs", "stats"]

log = logging.getLogger(__name__)

TEXT_INDEX: Final = "text_idx"
KEY_COLUMNS: Final = ("id", "source", "text_hash")
_MOST_PASSES: Final = 3


@dataclass(frozen=True, slots=True)
class Needs:
    """What the statistics ask for, in the order in which it is done."""

    text_index: bool = False
    key_indices: bool = False
    compact: bool = False
    clean: bool = False
    vector_index: bool = False

    def __bool__(self) -> bool:
        return any(astuple(self))


def stats(table: ChunkTable) -> TableStats:
    """The table's figures as of now."""
    with table.translated("read the statistics of"):
        said = table.lance.stats()
        fragments = said["fragment_stats"]
        covered = {i.name: (int(i.num_indexed_rows), int(i.num_unindexed_rows)) for i in table.lance.list_indices()}
    return TableStats(
        rows=int(said["num_rows"]),
        fragments=int(fragments["num_fragments"]),
        small_fragments=int(fragments["num_small_fragments"]),
        bytes=int(said["total_bytes"]),
        versions=_versions(table),
        indices=covered,
        vector_index=vector_index.remembered(table.schema),
    )


def _versions(table: ChunkTable) -> int:
    """How many versions are kept. On this machine their files are counted: reading each takes far longer."""
    folder = local_folder(table.uri)
    if folder is not None:
        return sum(1 for _ in (folder / f"{table.name}.lance" / "_versions").glob("*.manifest"))
    with table.translated("list the versions of"):
        return len(table.lance.list_versions())


def needs(found: TableStats, upkeep: Upkeep) -> Needs:
    """What to do, from figures alone.

    Compaction rewrites the rows of every fragment it joins, and each fragment that waits for it slows every search
    and commit a little. The sum of both is least where the number that waits grows with the square root of the rows.
    Folding waits for a share of the rows.
    """
    fold = max(upkeep.fold_rows, int(found.rows * upkeep.fold_share))
    crowded = found.small_fragments > upkeep.max_fragments + math.isqrt(found.rows) // 8
    indexed = vector_index.VECTOR_INDEX in found.indices
    return Needs(
        text_index=found.rows > 0 and TEXT_INDEX not in found.indices,
        key_indices=found.rows >= upkeep.index_rows and any(f"{c}_idx" not in found.indices for c in KEY_COLUMNS),
        compact=crowded or found.unindexed_rows > fold,
        clean=found.versions > upkeep.max_versions,
        vector_index=vector_index.wanted(found.rows, found.vector_index, indexed, upkeep),
    )


class Maintainer:
    """Tends one table for one process; remembers when it last cleaned, and the index that is being made."""

    def __init__(self) -> None:
        self._cleaned_at = float("-inf")
        self._seen = (0, 0.0)
        self._settled = 0
        self._building: threading.Thread | None = None
        self._failed: Exception | None = None
        self._retry_at = float("-inf")

    @property
    def trouble(self) -> str:
        """Why there is no vector index where one is wanted; empty where nothing is wrong."""
        return "" if self._failed is None else f"the vector index could not be made: {_described(self._failed)}"

    def maintain(self, table: ChunkTable, upkeep: Upkeep, *, background: bool) -> Needs:
        """Do what the statistics ask for. With `background` a vector index is made beside other commits."""
        with table.writing:
            found = stats(table)
            asked = needs(found, upkeep)
            asked = replace(
                asked,
                text_index=asked.text_index or self._text_differs(table, upkeep.text),
                # Within the retention nothing more could be removed, so asking again would only cost.
                clean=(asked.clean and time.monotonic() - self._cleaned_at >= upkeep.retention_seconds / 3)
                or self._rests(table, found, upkeep),
                vector_index=asked.vector_index and time.monotonic() >= self._retry_at,
            )
            if self._is_building():
                # A compaction would move the rows away under the index that is being made.
                asked = replace(asked, vector_index=False, compact=False, clean=False)
            self._tend(table, asked, upkeep)
        if asked.vector_index:
            self._build(table, upkeep, background=background)
        return asked

    def optimize(self, table: ChunkTable, upkeep: Upkeep) -> Needs:
        """Do everything now, whatever the statistics say."""
        self.wait()
        with table.writing:
            asked = needs(stats(table), upkeep)
            text = asked.text_index or self._text_differs(table, upkeep.text)
            asked = replace(asked, text_index=text, compact=True, clean=True)
            self._tend(table, asked, upkeep)
        if asked.vector_index:
            self._build(table, upkeep, background=False)
        return asked

    def wait(self) -> None:
        """Wait for an index that is being made."""
        if self._building is not None:
            self._building.join()
            self._building = None

    def _rests(self, table: ChunkTable, found: TableStats, upkeep: Upkeep) -> bool:
        """Whether all old versions have outlived the retention and were not looked at since.

        However few they are: one that a compaction replaced holds a copy of the whole table.
        """
        now, version = time.monotonic(), int(table.lance.version)
        if version != self._seen[0]:
            self._seen = (version, now)
        aged = now - self._seen[1] >= upkeep.retention_seconds
        return aged and found.versions > 1 and version != self._settled

    def _tend(self, table: ChunkTable, asked: Needs, upkeep: Upkeep) -> None:
        if asked:
            log.info("tending table", extra={"table": table.name, "needs": str(asked)})
        if asked.text_index:
            _index_text(table, upkeep.text)
        if asked.key_indices:
            _index_keys(table)
        if asked.clean:
            before = int(table.lance.version)
            _clean(table, timedelta(seconds=upkeep.retention_seconds))
            self._cleaned_at = time.monotonic()
            # What was rewritten just now leaves old files that are still readable: those are for the next time.
            self._settled = before if int(table.lance.version) == before else 0
        elif asked.compact:
            with table.translated("compact"):
                table.lance.optimize()

    def _is_building(self) -> bool:
        return self._building is not None and self._building.is_alive()

    def _build(self, table: ChunkTable, upkeep: Upkeep, *, background: bool) -> None:
        if not background:
            vector_index.build(table, upkeep)
            self._failed = None
            return
        self._building = threading.Thread(target=self._build_aside, args=(table, upkeep), name="vector-index")
        self._building.start()

    def _build_aside(self, table: ChunkTable, upkeep: Upkeep) -> None:
        try:
            vector_index.build(table, upkeep)
        except Exception as error:
            # Search stays exact without the index. A thread has nobody to raise to: it is told, and tried again.
            log.warning("the vector index could not be made: %s", _described(error), exc_info=error)
            self._retry_at = time.monotonic() + upkeep.retry_seconds
            self._failed = error
        else:
            self._failed = None

    @staticmethod
    def _text_differs(table: ChunkTable, settings: TextSettings) -> bool:
        with table.translated("read the indices of"):
            found = [index for index in table.lance.list_indices() if index.name == TEXT_INDEX]
        return bool(found) and _settings_of(found[0].index_details or {}) != settings


def _clean(table: ChunkTable, retention: timedelta) -> None:
    """Join, fold and remove until nothing changes.

    One pass joins the rows that no index covers with each other only, and folds them; the next joins them with the
    rest.
    """
    with table.translated("compact"):
        for _ in range(_MOST_PASSES):
            before = int(table.lance.version)
            table.lance.optimize(cleanup_older_than=retention)
            if int(table.lance.version) == before:
                return


def _described(error: Exception) -> str:
    return str(error) or type(error).__name__


def _settings_of(details: dict[str, Any]) -> TextSettings:
    return TextSettings(
        language=str(details.get("language", "")),
        stem=bool(details.get("stem")),
        stop_words=bool(details.get("remove_stop_words")),
        tokenizer=details.get("base_tokenizer", "simple"),
        positions=bool(details.get("with_position")),
    )


def _index_text(table: ChunkTable, settings: TextSettings) -> None:
    from lancedb.index import FTS

    config = FTS(
        with_position=settings.positions,
        base_tokenizer=settings.tokenizer,
        language=settings.language,
        stem=settings.stem,
        remove_stop_words=settings.stop_words,
    )
    with table.translated("index the text of"):
        table.lance.create_index("text", config=config, name=TEXT_INDEX, replace=True)


def _index_keys(table: ChunkTable) -> None:
    from lancedb.index import BTree

    with table.translated("index the keys of"):
        for column in KEY_COLUMNS:
            table.lance.create_index(column, config=BTree(), name=f"{column}_idx", replace=True)
