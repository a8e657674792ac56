"""Columns beside the vector: weighted terms and a vector of each token, written and read with their row."""

from __future__ import annotations

from dataclasses import replace

import lancedb
import numpy as np
import pytest

from embedingest.errors import FingerprintError, StoreError
from embedingest.store import schema as columns
from embedingest.store.extras import arrow_kind, column_of, values_of
from embedingest.store.snapshots import restore, tag
from embedingest.store.switch import switch_table
from embedingest.store.table import open_table
from embedingest.store.terms import TERM
from embedingest.store.values import LATE, SPARSE, Changes, ColumnModel, TableIdentity
from tests.store.doubles import DIMENSIONS, MODEL, adding, row, vector_of

BOTH = {SPARSE: ColumnModel("sparse-one", model="splade"), LATE: ColumnModel("late-one", 4, "colbert")}


def sparse_of(text: str) -> np.ndarray:
    """A weight for each letter of a text."""
    letters = sorted(set(text.encode()))
    return np.array([(letter, text.encode().count(letter) / 8) for letter in letters], TERM)


def late_of(text: str) -> np.ndarray:
    """A vector of length 1 for each word of a text."""
    words = [vector_of(word, 4) for word in text.split()]
    return np.array(words, np.float16).reshape(-1, 4)


def with_extras(*rows, late=late_of):
    made = {SPARSE: [sparse_of(r.text) for r in rows], LATE: [late(r.text) for r in rows]}
    return replace(adding(*rows), extras=made)


def assert_stored(table, *rows):
    for column, value_of in ((SPARSE, sparse_of), (LATE, late_of)):
        stored = table.vectors({r.text_hash for r in rows}, column)
        assert stored.keys() == {r.text_hash for r in rows}
        for r in rows:
            assert np.array_equal(stored[r.text_hash], value_of(r.text))


@pytest.fixture
def both(opened):
    return opened(extras=BOTH)


@pytest.mark.parametrize("name", [SPARSE, LATE])
def test_values_come_back_from_arrow_also_from_the_middle_and_where_a_text_has_none(name):
    texts = ["one two", "", "three", "four five six"]
    values = [sparse_of(text) if name == SPARSE else late_of(text) for text in texts]
    column = column_of(values, arrow_kind(name, 4))
    for first, last in ((0, 4), (1, 3), (1, 2), (3, 3)):
        found = values_of(column.slice(first, last - first))
        assert all(np.array_equal(*pair) for pair in zip(found, values[first:last], strict=True))


def test_a_table_without_extras_has_the_schema_that_it_always_had():
    stored = columns.schema(TableIdentity(MODEL, DIMENSIONS))
    assert stored.names == list(columns.COLUMNS)
    assert b"sparse" not in stored.metadata[b"embedingest"]
    assert b'"schema_version": 1' in stored.metadata[b"embedingest"]


def test_what_is_added_refreshed_and_added_again_keeps_its_extras(both):
    one, two = row("a.md", 0, "red owls fly", 2), row("a.md", 1, "two seals", 2)
    both.commit(with_extras(one, two))
    assert_stored(both, one, two)
    both.commit(Changes(refresh=[replace(one, title="Owls")]))
    assert_stored(both, one, two)
    both.commit(with_extras(replace(two, page=7)))
    assert_stored(both, one, two)
    assert [r.title for r in both.rows(["a.md"])["a.md"]] == ["Owls", None]
    both.commit(Changes(delete=[one.id]))
    both.optimize()
    assert both.vectors({one.text_hash}, LATE) == {}
    assert_stored(both, two)


def test_rows_of_the_same_text_written_over_get_the_new_values(both):
    one = row("a.md", 0, "red owls fly")
    both.commit(with_extras(one, late=lambda text: late_of(text)[:1]))
    both.commit(with_extras(one))
    assert_stored(both, one)


@pytest.mark.parametrize(
    ("extras", "told"),
    [
        (None, "column `sparse` are 0"),
        ({SPARSE: [], LATE: []}, "column `sparse` are 0"),
        ({SPARSE: [sparse_of("a")], LATE: [np.zeros((2, 3), np.float16)]}, r"\(3,\), not \(4,\)"),
        ({SPARSE: [sparse_of("a")], LATE: [late_of("a")], "other": [1]}, "column `other` are 1"),
    ],
)
def test_rows_without_their_extras_or_with_others_are_refused_and_nothing_is_written(both, extras, told):
    with pytest.raises(StoreError, match=told):
        both.commit(replace(adding(row("a.md")), extras=extras or {}))
    assert both.count() == 0


def test_the_table_remembers_whose_they_are_and_refuses_others(both, opened):
    assert both.identity.extras == BOTH
    assert opened(create=False, fingerprint=None, dimensions=None).identity.extras == BOTH
    assert opened(extras=BOTH).identity == both.identity
    for others, told in (
        ({}, "has column `sparse` of model `splade`, fingerprint sparse-one; the settings in use have no column"),
        ({SPARSE: BOTH[SPARSE]}, "has column `late` of model `colbert`"),
        (
            {**BOTH, SPARSE: ColumnModel("sparse-two", model="other")},
            "settings in use have column `sparse` of model `o",
        ),
    ):
        with pytest.raises(FingerprintError, match=told) as refused:
            opened(extras=others)
        assert "embedingest rebuild" in refused.value.remedy


def test_a_table_made_without_them_refuses_settings_with_them(opened):
    opened()
    with pytest.raises(FingerprintError, match="has no column `sparse`; the settings in use have column `sparse`"):
        opened(extras=BOTH)


def test_a_column_of_a_person_with_such_a_name_is_theirs(opened, tmp_path):
    table = opened()
    table.commit(adding(row("a.md")))
    lancedb.connect(tmp_path / "db").open_table("chunks").add_columns({"sparse": "title"})
    again = opened()
    assert columns.foreign(again.schema) == ["sparse"]
    again.commit(adding(row("b.md")))
    assert again.count() == 2


def test_a_dropped_column_is_named(both, opened, tmp_path):
    lancedb.connect(tmp_path / "db").open_table("chunks").drop_columns(["late"])
    with pytest.raises(StoreError, match="lacks the column `late`"):
        opened(extras=BOTH)


def test_snapshots_and_a_switch_of_tables_carry_them(both, tmp_path):
    one, two = row("a.md", 0, "red owls fly"), row("b.md", 0, "two seals")
    both.commit(with_extras(one))
    tag(both, "before")
    both.commit(Changes(delete=[one.id]))
    restore(both, "before")
    assert_stored(both, one)
    beside = open_table(tmp_path / "db", "next", fingerprint=MODEL, dimensions=DIMENSIONS, create=True, extras=BOTH)
    with beside:
        beside.commit(with_extras(two))
    switch_table(tmp_path / "db", "next", "chunks")
    assert both.identity.extras == BOTH
    assert_stored(both, two)


def test_facts_name_the_models_of_the_columns(both):
    assert both.facts()["sparse"] == {"fingerprint": "sparse-one", "dimensions": 0, "model": "splade"}
