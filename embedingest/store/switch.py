"""Puts the rows of one table in the place of another's, in a single version. The old version stays readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.store.database import connect, translated

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["switch_table"]


def switch_table(uri: str | Path, beside: str, name: str) -> None:
    """Make table `name` hold what table `beside` holds, then drop `beside`.

    Streams: memory does not grow with the rows. Open handles of `name` see the new rows at their next look. Stopped
    in between, either the old rows are there or the new ones, and doing it again ends the same. Raises StoreError.
    """
    database = connect(uri, read_consistency_seconds=0)
    with translated("switch", f"`{beside}` to `{name}` in {uri}"):
        source = database.open_table(beside)
        rows = source.search().to_batches() if source.count_rows() else None
        database.create_table(name, data=rows, schema=source.schema, mode="overwrite")
        database.drop_table(beside)
