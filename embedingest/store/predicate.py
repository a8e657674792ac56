"""Builds row filters from values. Values become typed literals and are never pasted into text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = ["IN_LIST", "batches", "equals", "one_of"]

IN_LIST: Final = 5_000
"""Values in one IN list: past this the list costs more than a second query."""


def equals(column: str, value: str | float | bool) -> Any:
    """Rows whose `column` is `value`."""
    from lancedb.expr import col, lit

    return col(column) == lit(value)


def one_of(column: str, values: Collection[str]) -> Any:
    """Rows whose `column` is one of `values`; no row where there are none."""
    from lancedb.expr import col, lit

    return col(column).isin([lit(value) for value in values]) if values else lit(False)


def batches(values: Collection[str], size: int = IN_LIST) -> Iterator[Sequence[str]]:
    """The distinct values, in order, at most `size` at a time."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]
