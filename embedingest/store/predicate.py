"""Builds row filters from values. Values become typed literals and are never pasted into text."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from embedingest.store.search.filters import Value

__all__ = ["IN_LIST", "batches", "equals", "literal", "one_of"]

IN_LIST: Final = 5_000
"""Values in one IN list: past this the list costs more than a second query."""


def literal(value: Value) -> Any:
    """A value as LanceDB takes it."""
    from lancedb.expr import lit

    # Columns hold UTC; a literal without a zone is read as theirs.
    return lit(value.replace(tzinfo=None) if isinstance(value, datetime) else value)


def equals(column: str, value: Value) -> Any:
    """Rows whose `column` is `value`."""
    from lancedb.expr import col

    return col(column) == literal(value)


def one_of(column: str, values: Collection[Value]) -> Any:
    """Rows whose `column` is one of `values`; no row where there are none."""
    from lancedb.expr import col, lit

    return col(column).isin([literal(value) for value in values]) if values else lit(False)


def batches(values: Collection[str], size: int = IN_LIST) -> Iterator[Sequence[str]]:
    """The distinct values, in order, at most `size` at a time."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]
