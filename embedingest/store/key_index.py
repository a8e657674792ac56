"""The indices by which rows are found, by changes and by filters. Knows not when they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from embedingest.store.handle import TableHandle

__all__ = ["FEW_VALUES", "FILTER_COLUMNS", "KEY_COLUMNS", "KEY_INDICES", "build", "name_of"]

FILTER_COLUMNS: Final = ("mime", "modified_at", "page")
"""What people narrow a search by: without an index the column is read for each search."""

KEY_COLUMNS: Final = ("id", "source", "text_hash", *FILTER_COLUMNS)
"""Columns by which rows are found."""

FEW_VALUES: Final = frozenset({"mime"})
"""Those of which many rows share a value."""


def name_of(column: str) -> str:
    """The name of the index over a column."""
    return f"{column}_idx"


KEY_INDICES: Final = frozenset(map(name_of, KEY_COLUMNS))


def build(table: TableHandle, names: Collection[str] = KEY_INDICES) -> None:
    """Make those of these names, in place of any that are there. Raises StoreError."""
    from lancedb.index import Bitmap, BTree

    with table.translated("index the keys of"):
        for column in (column for column in KEY_COLUMNS if name_of(column) in names):
            config = Bitmap() if column in FEW_VALUES else BTree()
            table.lance.create_index(column, config=config, name=name_of(column), replace=True)
