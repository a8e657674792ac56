"""What stands around a hit in its document: the chunks before and after it. Knows no order of hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.store.predicate import one_of
from embedingest.store.search.narrow import confined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.store.handle import TableHandle
    from embedingest.store.values import SearchQuery
    from embedingest.types import Row

__all__ = ["neighbours"]


def neighbours(
    table: TableHandle, rows: Sequence[Row], query: SearchQuery
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """By row id: the texts of up to `context` chunks before and after it, of the same version of its document."""
    from lancedb.expr import col, lit

    reach = query.context
    indices = {index for row in rows for index in range(row.chunk_index - reach, row.chunk_index + reach + 1)}
    where = one_of("source", [row.source for row in rows]) & col("chunk_index").isin([lit(index) for index in indices])
    where = confined(table, where, query.within)
    names = ["source", "content_hash", "chunk_index", "text"]
    with table.translated("read"):
        stored = table.lance.search().where(where).select(names).to_arrow().to_pylist()
    texts = {(chunk["source"], chunk["content_hash"], chunk["chunk_index"]): chunk["text"] for chunk in stored}

    def between(row: Row, first: int, last: int) -> tuple[str, ...]:
        keys = ((row.source, row.content_hash, index) for index in range(first, last))
        return tuple(texts[key] for key in keys if key in texts)

    return {
        row.id: (
            between(row, row.chunk_index - reach, row.chunk_index),
            between(row, row.chunk_index + 1, row.chunk_index + reach + 1),
        )
        for row in rows
    }
