"""The switch at the end of a rebuild: the rows of a table made aside become the table, in one version.

Knows no engine and no plan; whoever fills the table aside is the walk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from embedingest.store.database import translated
from embedingest.store.table import ChunkTable, open_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["aside", "drop_table", "switch"]

_BATCH_ROWS = 8_192


def aside(name: str) -> str:
    """The name of the table that a rebuild of table `name` fills."""
    return f"{name}__next"


def switch(uri: str | Path, name: str, *, read_consistency_seconds: float = 5.0) -> ChunkTable:
    """Make the rows of `<name>__next` the whole of table `name`, then drop `<name>__next`.

    One version: readers see all old rows or all new ones, and with them the model they were made by. Snapshots of
    the old rows stay. Memory holds a batch of rows at a time. Stopped before its commit it has changed nothing and
    can be asked again. The caller holds the writer's lock of `name`; indices are made anew by the next upkeep.
    """
    filled = open_table(uri, aside(name), read_consistency_seconds=0)
    try:
        _overwrite(filled, name)
    finally:
        filled.close()
    drop_table(uri, aside(name))
    return open_table(uri, name, read_consistency_seconds=read_consistency_seconds)


def _overwrite(filled: ChunkTable, name: str) -> None:
    schema = filled.schema

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in filled.lance.search().to_batches(batch_size=_BATCH_ROWS):
            yield pa.record_batch([batch.column(column) for column in schema.names], schema=schema)

    database: Any = filled.database
    with translated("switch to the rebuilt", f"table `{name}`"):
        # Rows and identity change together, because the identity lives in the schema.
        data = pa.RecordBatchReader.from_batches(schema, batches())
        database.create_table(name, data=data, schema=schema, mode="overwrite")


def drop_table(uri: str | Path, name: str) -> None:
    """Remove a table and its snapshots; nothing happens where there is none."""
    from embedingest.store.database import connect, table_names

    if name in table_names(uri):
        database = connect(uri, read_consistency_seconds=0, storage_options=None)
        with translated("drop", f"table `{name}`"):
            database.drop_table(name)
