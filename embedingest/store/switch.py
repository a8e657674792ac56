"""Puts the rows of one table in the place of another's, in a single version. The old version stays readable."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from embedingest.errors import StoreError
from embedingest.store.database import connect, opened, translated
from embedingest.store.health import check_newest_version, damage, put_aside
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
    try:
        _write_over(database, uri, beside, name)
    except StoreError:
        if not damage(uri, name) or put_aside(uri, name) is None:
            raise
        database = connect(uri, read_consistency_seconds=0)
        _write_over(database, uri, beside, name)
    with translated("drop", f"`{beside}` in {uri}"):
        database.drop_table(beside)


def _write_over(database: Any, uri: str | Path, beside: str, name: str) -> None:
    with translated("switch", f"`{beside}` to `{name}` in {uri}"):
        source = database.open_table(beside)
        rows = source.search().to_batches() if source.count_rows() else None
        database.create_table(name, data=rows, schema=source.schema, mode="overwrite")


def _look_at_old(database: Any, uri: str | Path, name: str) -> None:
    """Say what the old table has that the new one will not.

    One whose versions are damaged is put aside first: no upkeep could clean it up. Where files of rows alone are
    damaged it is written over as any other, and snapshots that have all of theirs stay.
    """
    if any(item.part == "history" or item.path.startswith("_versions") for item in damage(uri, name, thorough=True)):
        put_aside(uri, name)
    try:
        check_newest_version(uri, name)
        old = opened(database, uri, name)
    except StoreError:
        if put_aside(uri, name) is None:
            with translated("remove the damaged table", f"`{name}` in {uri}"):
                database.drop_table(name)
        return
    if old is not None and (added := foreign(old.schema)):
        _log.warning(
            "table `%s` is made anew without the columns that others added: %s; its version before keeps them",
            name,
            ", ".join(added),
        )
