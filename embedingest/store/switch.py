"""Puts the rows of one table in the place of another's, in a single version. The old version stays readable."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from embedingest.errors import StoreError
from embedingest.store.database import connect, opened, translated
from embedingest.store.schema import foreign

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["switch_table"]

_log = logging.getLogger(__name__)


def switch_table(uri: str | Path, beside: str, name: str) -> None:
    """Make table `name` hold what table `beside` holds, then drop `beside`.

    Streams: memory does not grow with the rows. Open handles of `name` see the new rows at their next look. Stopped
    in between, either the old rows are there or the new ones, and doing it again ends the same. Raises StoreError.
    """
    database = connect(uri, read_consistency_seconds=0)
    _look_at_old(database, uri, name)
    with translated("switch", f"`{beside}` to `{name}` in {uri}"):
        source = database.open_table(beside)
        rows = source.search().to_batches() if source.count_rows() else None
        database.create_table(name, data=rows, schema=source.schema, mode="overwrite")
        database.drop_table(beside)


def _look_at_old(database: Any, uri: str | Path, name: str) -> None:
    """Say what the old table has that the new one will not; remove it first where its files are too damaged to open."""
    try:
        old = opened(database, uri, name)
    except StoreError:
        with translated("remove the damaged table", f"`{name}` in {uri}"):
            database.drop_table(name)
        return
    if old is not None and (added := foreign(old.schema)):
        _log.warning(
            "table `%s` is made anew without the columns that others added: %s; its version before keeps them",
            name,
            ", ".join(added),
        )
