"""Whether a query can be answered at all, before any model is asked for what it makes of it. Reads no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.store import schema as columns
from embedingest.store.handle import check_mode
from embedingest.store.search import filters

if TYPE_CHECKING:
    from embedingest.store.handle import TableHandle
    from embedingest.store.values import SearchQuery

__all__ = ["MAX_CONTEXT", "MAX_LIMIT", "MAX_TEXT", "check_query"]

MAX_LIMIT: Final = 10_000
MAX_CONTEXT: Final = 100
MAX_TEXT: Final = 1_000_000


def check_query(table: TableHandle, query: SearchQuery) -> None:
    """What can be said of a query before it is embedded. Raises ConfigError (empty query, impossible limit, bad filter,
    a mode that needs a column which the table does not have).
    """
    if not query.text.strip() and (query.vector is None or query.mode != "vector"):
        raise ConfigError("the query is empty", remedy="say what to search for")
    _within("the query's length", len(query.text), 0, MAX_TEXT)
    _within("limit", query.limit, 1, MAX_LIMIT)
    _within("offset", query.offset, 0, MAX_LIMIT)
    _within("context", query.context, 0, MAX_CONTEXT)
    check_mode(columns.identity(table.schema, table=table.name), table.name, query.mode)
    filters.joined(query.filter, query.within)


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value}", remedy=f"it goes from {least} to {most}")
