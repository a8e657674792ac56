"""Two tables held against each other: schema, identity, ids, every column, vectors by cosine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import lancedb
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

__all__ = ["LEAST_COSINE", "differences", "open_table", "rows_of"]

LEAST_COSINE: Final = 0.99999
_APART: Final = frozenset({"ingested_at", "vector"})
"""The columns that are not compared by equality: when it was written is another moment each time."""


def differences(one: pa.Table, other: pa.Table) -> list[str]:
    """What a reader would see differ between two tables of `rows_of`; nothing where they are equal."""
    found = [f"a doubled id: {ids}" for ids in (_doubled(one), _doubled(other)) if ids]
    if not one.schema.equals(other.schema, check_metadata=True):
        found.append(f"schema: {_schema(one)} against {_schema(other)}")
    missing, more = _ids(one) - _ids(other), _ids(other) - _ids(one)
    found += [f"{len(ids)} rows {where}: {_named(table, ids)}"
              for ids, table, where in ((missing, one, "in the first alone"), (more, other, "in the second alone"))
              if ids]  # fmt: skip
    if found:
        return found
    one, other = one.sort_by("id"), other.sort_by("id")
    for name in one.column_names:
        if name not in _APART and not one[name].equals(other[name]):
            found.append(f"column {name}: {_first(one, other, name)}")
    least, where = _least_cosine(one, other)
    if least < LEAST_COSINE:
        found.append(f"vectors: cosine {least:.6f} at {where}")
    return found


def rows_of(db: str, table: str = "chunks", *, storage: Mapping[str, str] | None = None) -> pa.Table:
    """Every row of a table, with its schema and what the schema's metadata says of it."""
    return open_table(db, table, storage=storage).to_arrow()


def open_table(db: str, table: str = "chunks", *, storage: Mapping[str, str] | None = None) -> Any:
    """LanceDB's own table at its newest version; `storage` are the settings of a bucket."""
    return lancedb.connect(db, storage_options=dict(storage or {})).open_table(table)


def _ids(table: pa.Table) -> set[str]:
    return set(table["id"].to_pylist())


def _doubled(table: pa.Table) -> list[str]:
    seen = set[str]()
    return [row for row in table["id"].to_pylist() if row in seen or seen.add(row)][:3]  # type: ignore[func-returns-value]


def _schema(table: pa.Table) -> str:
    return f"{table.schema.remove_metadata().to_string()} {table.schema.metadata}"


def _named(table: pa.Table, ids: set[str]) -> list[str]:
    """The documents of the first rows of `ids`."""
    pairs = zip(table["id"].to_pylist(), table["source"].to_pylist(), strict=True)
    return sorted({source for row, source in pairs if row in ids})[:5]


def _first(one: pa.Table, other: pa.Table, name: str) -> str:
    """The first row that differs in a column: its document, and both values."""
    pairs = enumerate(zip(one[name].to_pylist(), other[name].to_pylist(), strict=True))
    place, (mine, theirs) = next((place, pair) for place, pair in pairs if pair[0] != pair[1])
    return f"{one['source'][place].as_py()}: {mine!r} against {theirs!r}"


def _least_cosine(one: pa.Table, other: pa.Table) -> tuple[float, str]:
    if not one.num_rows:
        return 1.0, ""
    mine, theirs = _vectors(one), _vectors(other)
    lengths = np.linalg.norm(mine, axis=1) * np.linalg.norm(theirs, axis=1)
    cosines = (mine * theirs).sum(axis=1) / lengths
    place = int(np.argmin(cosines))
    return float(cosines[place]), str(one["source"][place].as_py())


def _vectors(table: pa.Table) -> np.ndarray[Any, np.dtype[np.float64]]:
    column = table["vector"].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).astype(np.float64).reshape(table.num_rows, -1)
