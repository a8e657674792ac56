"""Upkeep by the table's own statistics: compaction, indices, old versions. Knows no clock but the table's."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from embedingest.store.lock import local_folder
from embedingest.store.values import TableStats, Upkeep

if TYPE_CHECKING:
    from embedingest.store.table import ChunkTable
    from embedingest.store.values import TextSettings

__all__ = ["TEXT_INDEX", "Needs", "maintain", "needs", "optimize", "stats"]

log = logging.getLogger(__name__)

TEXT_INDEX: Final = "text_idx"
_FRAGMENT_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Needs:
    """What the statistics ask for."""

    text_index: bool = False
    compact: bool = False
    clean: bool = False

    def __bool__(self) -> bool:
        return self.text_index or self.compact or self.clean


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

    Compaction rewrites the rows of every fragment it joins, so a larger table waits for more of them; folding
    waits for a share of the rows, so that the work per row stays the same at every size.
    """
    fold = max(upkeep.fold_rows, int(found.rows * upkeep.fold_share))
    crowded = found.small_fragments > upkeep.max_fragments + found.rows // _FRAGMENT_ROWS
    return Needs(
        text_index=found.rows > 0 and TEXT_INDEX not in found.indices,
        compact=crowded or found.unindexed_rows > fold,
        clean=found.versions > upkeep.max_versions,
    )


def maintain(table: ChunkTable, upkeep: Upkeep | None = None) -> Needs:
    """Do what the statistics ask for, and nothing where they ask for nothing. Returns what was done."""
    upkeep = upkeep or Upkeep()
    with table.writing:
        asked = needs(stats(table), upkeep)
        _do(table, asked, upkeep)
    return asked


def optimize(table: ChunkTable, upkeep: Upkeep | None = None) -> Needs:
    """Do everything now, whatever the statistics say."""
    upkeep = upkeep or Upkeep()
    with table.writing:
        asked = Needs(text_index=needs(stats(table), upkeep).text_index, compact=True, clean=True)
        _do(table, asked, upkeep)
    return asked


def _do(table: ChunkTable, asked: Needs, upkeep: Upkeep) -> None:
    if asked:
        log.info("tending table", extra={"table": table.name, "needs": str(asked)})
    if asked.text_index:
        _index_text(table, upkeep.text)
    with table.translated("compact"):
        if asked.compact:
            table.lance.optimize()
        if asked.clean:
            table.lance.optimize(cleanup_older_than=timedelta(seconds=upkeep.retention_seconds))


def _index_text(table: ChunkTable, settings: TextSettings) -> None:
    with table.translated("index the text of"):
        table.lance.create_index("text", config=_text_config(settings), name=TEXT_INDEX, replace=True)


def _text_config(settings: TextSettings) -> Any:
    from lancedb.index import FTS

    return FTS(
        with_position=settings.positions,
        base_tokenizer=settings.tokenizer,
        language=settings.language,
        stem=settings.stem,
        remove_stop_words=settings.stop_words,
    )
