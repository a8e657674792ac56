"""Turns a filter's tree into what LanceDB can ask its columns. Values become typed literals, never pasted text.

What the columns cannot answer exactly (metadata, heading paths, word ends) narrows the scan as far as it safely can;
the rows left are then read and judged one by one.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any, Final

import orjson

from embedingest.store.predicate import literal, one_of
from embedingest.store.schema import NULLABLE, row_columns
from embedingest.store.search.filters import FIELDS, And, Not, Or, Test, holds, leaves, parse
from embedingest.store.values import CONTEXT

if TYPE_CHECKING:
    import pyarrow as pa

    from embedingest.store.handle import TableHandle
    from embedingest.store.search.filters import Node

__all__ = ["columns_within", "condition", "confined"]

_BIGGEST_CHARACTER: Final = "\U0010ffff"
_BATCH_ROWS: Final = 16_384
_COMPARISONS: Final = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def condition(table: TableHandle, tree: Node) -> Any:
    """A LanceDB expression that holds for exactly the rows that pass the filter, as the table is now."""
    where = _superset(tree, negated=False)
    if all(_is_exact(test) for test in leaves(tree)):
        return where
    needed = sorted({"id", *(test.field for test in leaves(tree))})
    with table.translated("read"):
        reader = table.lance.search().where(where).select(needed).to_batches(batch_size=_BATCH_ROWS)
        passed = [row["id"] for batch in reader for row in batch.to_pylist() if _passes(tree, row)]
    return one_of("id", passed)


def confined(table: TableHandle, where: Any, within: str | None) -> Any:
    """The rows of the expression `where` that pass the filter `within`; all of them where that is `None`."""
    return where if within is None else where & condition(table, parse(within))


def columns_within(stored: pa.Schema, within: str | None) -> list[str]:
    """The columns of a `Row` that are read for who may see what passes the filter `within`.

    A context may quote any chunk of its document, so with a filter it is not among them, whatever it says.
    """
    names = row_columns(stored)
    return names if within is None else [name for name in names if name != CONTEXT]


def _passes(tree: Node, row: dict[str, Any]) -> bool:
    metadata: dict[str, Any] | None = None

    def value(test: Test) -> Any:
        nonlocal metadata
        if test.field != "metadata":
            return row[test.field]
        if metadata is None:
            metadata = orjson.loads(row["metadata"])
        inner: Any = metadata
        for key in test.path:
            inner = inner.get(key) if isinstance(inner, dict) else None
        return inner

    return holds(tree, value)


def _is_exact(test: Test) -> bool:
    """Whether the columns alone answer the test."""
    return test.field not in ("metadata", "heading_path") and test.op != "endswith"


def _superset(tree: Node, *, negated: bool) -> Any:
    """An expression true for every row for which `tree` (or its opposite) holds; for exact tests, for no other."""
    from lancedb.expr import lit

    if isinstance(tree, Not):
        return _superset(tree.part, negated=not negated)
    if isinstance(tree, (And, Or)):
        parts = [_superset(part, negated=negated) for part in tree.parts]
        joined = operator.and_ if isinstance(tree, And) != negated else operator.or_
        return functools.reduce(joined, parts)
    if _is_exact(tree):
        return ~_column(tree, definite=True) if negated else _column(tree, definite=False)
    return lit(True) if negated else _wider(tree)


def _column(test: Test, *, definite: bool) -> Any:
    """The exact expression of a column test: a missing value answers false, or NULL unless `definite`.

    NULL keeps no row, so where nothing turns the answer round it is as good as false, and leaves the test to an index.
    """
    from lancedb.expr import col, func, lit

    column = col(test.field)
    # `concat` reads NULL as nothing, which is the one way to ask for NULL with typed expressions.
    absent = func("concat", column.cast("string"), lit("")) == lit("")
    if test.op == "null":
        if test.field in NULLABLE:
            return absent
        return column == lit("") if FIELDS[test.field] == "text" else lit(False)
    comparison = _comparison(test, column)
    missing = test.field in NULLABLE and (definite or FIELDS[test.field] == "text")  # an empty title is none
    return comparison & ~absent if missing else comparison


def _comparison(test: Test, column: Any) -> Any:
    if test.op == "in":
        return column.isin([literal(value) for value in test.values])
    if test.op == "contains":
        return column.contains(literal(test.values[0]))
    if test.op == "startswith":
        prefix = str(test.values[0])
        return (column >= literal(prefix)) & (column <= literal(prefix + _BIGGEST_CHARACTER * 8))
    return _COMPARISONS[test.op](column, literal(test.values[0]))


def _wider(test: Test) -> Any:
    """For a test that only Python answers: an expression that misses no row that passes."""
    from lancedb.expr import col, lit

    if test.op == "endswith" and test.field not in ("metadata", "heading_path"):
        return col(test.field).contains(lit(str(test.values[0])))
    key = test.path[-1] if test.path else ""
    if test.op != "null" and key.isascii() and key.isalnum():
        return col("metadata").contains(lit(f'"{key}"'))
    return lit(True)
