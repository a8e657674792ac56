"""Rows to Arrow and back."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embedingest.store.schema import ROW_MODEL, rows_of, schema, table_of
from embedingest.store.values import TableIdentity, stored_ns
from tests.store.doubles import DIMENSIONS, MODEL, row

SCHEMA = schema(TableIdentity(MODEL, DIMENSIONS))
NANOSECONDS = st.integers(-(2**62), 2**62)


def back(*rows):
    vectors = np.zeros((len(rows), DIMENSIONS), dtype=np.float32)
    return rows_of(table_of(rows, vectors, SCHEMA, datetime.now(UTC)))


@given(NANOSECONDS)
def test_a_time_comes_back_as_stored_ns_says(nanoseconds):
    (found,) = back(row("a.md", modified_at_ns=nanoseconds))
    assert found.modified_at_ns == stored_ns(nanoseconds)


@given(NANOSECONDS)
def test_a_stored_time_is_less_than_a_microsecond_before_and_stays(nanoseconds):
    stored = stored_ns(nanoseconds)
    assert 0 <= nanoseconds - stored < 1_000
    assert stored_ns(stored) == stored


def test_rows_come_back_in_their_order():
    rows = [row("b.md"), row("a.md", title="Owls", page=3), row("a.md", 1, heading_path=())]
    assert back(*rows) == rows


def test_every_column_says_in_one_line_what_it_means():
    for column in ROW_MODEL:
        assert column.meaning
        assert not set("\n|") & set(column.meaning), column.name
