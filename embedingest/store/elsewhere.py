"""Upkeep of a large table in another process, so that who asks for it needs no memory for it. Starts none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from embedingest.store.database import connect, missing, opened
from embedingest.store.handle import TableHandle
from embedingest.store.makers import IN_THIS_PROCESS, IndexMakers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from embedingest.store.values import TextSettings

__all__ = ["LEAST_ROWS", "TableWork", "done", "elsewhere"]

LEAST_ROWS: Final = 1_000_000
"""Rows of a table that is worth a process: with fewer its start takes longer than the work."""


class TableWork(NamedTuple):
    """What is to be done to a table, for any process that reaches it; `value` is what that maker is told."""

    uri: str
    table: str
    maker: Literal["keys", "text", "vectors", "join"]
    value: Any


def done(work: TableWork) -> None:
    """Do it in this process. Raises StoreError, TableMissingError."""
    database = connect(work.uri, read_consistency_seconds=0)
    lance = opened(database, work.uri, work.table)
    if lance is None:
        raise missing(work.uri, work.table)
    getattr(IN_THIS_PROCESS, work.maker)(TableHandle(database, lance, uri=work.uri, name=work.table), work.value)


def elsewhere(run: Callable[[TableWork], object], *, least_rows: int = LEAST_ROWS) -> IndexMakers:
    """Makers whose work `run` has done (`done`) in a process of its choice; a table of fewer rows is tended here."""

    def given(table: TableHandle, maker: Literal["keys", "text", "vectors", "join"], value: Any) -> None:
        if table.count() < least_rows:
            getattr(IN_THIS_PROCESS, maker)(table, value)
            return
        run(TableWork(table.uri, table.name, maker, value))
        with table.translated("open"):
            table.lance.checkout_latest()

    def keys(table: TableHandle, names: Collection[str]) -> None:
        given(table, "keys", frozenset(names))

    def text(table: TableHandle, settings: TextSettings) -> None:
        given(table, "text", settings)

    def vectors(table: TableHandle, rows: int) -> None:
        given(table, "vectors", rows)

    def join(table: TableHandle, retention_seconds: float | None = None) -> None:
        given(table, "join", retention_seconds)

    return IndexMakers(keys, text, vectors, join)
