"""Named versions: readable through changes and clean-up, listed, restored, dropped."""

from __future__ import annotations

import time

import pytest

from embedingest.errors import ConfigError, StoreError
from embedingest.store import snapshots
from embedingest.store.values import Changes, SearchQuery, Upkeep
from tests.store.doubles import adding, row, vector_of


def test_a_snapshot_stays_readable_through_changes_and_clean_up(table):
    table.commit(adding(row("a.md", text="first words")))
    table.maintain()
    taken = snapshots.tag(table, "v1.0")
    assert (taken.name, taken.rows) == ("v1.0", 1)
    table.commit(Changes(delete=[row("a.md", text="first words").id]))
    table.commit(adding(row("b.md", text="second words")))
    time.sleep(0.05)
    table.optimize(Upkeep(retention_seconds=0.01))
    with snapshots.at(table, "v1.0") as then:
        query = SearchQuery(text="words", vector=vector_of("words"))
        assert [hit.row.source for hit in then.search(query).hits] == ["a.md"]
        with pytest.raises(StoreError, match="cannot"):
            then.commit(adding(row("c.md")))
    assert list(table.source_states()) == ["b.md"]


def test_cleaning_goes_on_past_an_old_snapshot(table):
    table.commit(adding(row("a.md")))
    snapshots.tag(table, "old")
    for number in range(20):
        table.commit(adding(row(f"{number}.md")))
    time.sleep(0.05)
    table.optimize(Upkeep(retention_seconds=0.01))
    assert table.stats().versions <= 5


def test_restoring_brings_the_rows_back_as_a_new_version(table, opened):
    table.commit(adding(row("a.md")))
    snapshots.tag(table, "good")
    table.commit(Changes(delete=[row("a.md").id]))
    table.commit(adding(row("bad.md"), row("worse.md")))
    assert snapshots.restore(table, "good") == 1
    assert list(opened(create=False).source_states()) == ["a.md"]
    table.commit(adding(row("later.md")))
    assert table.count() == 2


def test_snapshots_are_listed_dropped_and_named_once(table):
    table.commit(adding(row("a.md")))
    snapshots.tag(table, "one")
    table.commit(adding(row("b.md")))
    snapshots.tag(table, "two")
    assert [(s.name, s.rows) for s in snapshots.snapshots(table)] == [("one", 1), ("two", 2)]
    with pytest.raises(ConfigError, match="already"):
        snapshots.tag(table, "one")
    snapshots.drop(table, "one")
    assert [s.name for s in snapshots.snapshots(table)] == ["two"]
    with pytest.raises(StoreError, match="known snapshots: two"):
        snapshots.restore(table, "one")


@pytest.mark.parametrize("name", ["", "main", "../up", "a/b", "-x", "a b", "x" * 101, "a..b", "end.", "x.lock"])
def test_impossible_names_are_refused(table, name):
    with pytest.raises(ConfigError, match="cannot name a snapshot"):
        snapshots.tag(table, name)
