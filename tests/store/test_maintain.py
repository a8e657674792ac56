"""Upkeep: what the figures ask for, that it is done, and that readers and snapshots come through it."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from embedingest.errors import ConfigError, StoreError, TableMissingError
from embedingest.store import snapshots
from embedingest.store.maintain import Needs, needs
from embedingest.store.switch import switch_table
from embedingest.store.table import open_table
from embedingest.store.values import Changes, SearchQuery, TableStats, TextSettings, Upkeep, VectorIndex
from tests.store.doubles import DIMENSIONS, MODEL, adding, row, vector_of
from tests.waiting import until

QUIET = TableStats(rows=5_000, fragments=3, small_fragments=3, bytes=1, versions=9, indices={"text_idx": (5_000, 0)})
KEYS = {"text_idx": (1, 0), "id_idx": (1, 0), "source_idx": (1, 0), "text_hash_idx": (1, 0), "vector_idx": (1, 0)}
LARGE = VectorIndex("IVF_RQ", 200_000, 20, 10, 0.98, 64)


@pytest.mark.parametrize(
    ("figures", "asked"),
    [
        ({}, Needs()),
        ({"rows": 0, "indices": {}}, Needs()),
        ({"indices": {}}, Needs(text_index=True)),
        ({"small_fragments": 32}, Needs()),
        ({"small_fragments": 33}, Needs(compact=True)),
        ({"rows": 99_000, "small_fragments": 63}, Needs()),
        ({"rows": 99_000, "small_fragments": 64}, Needs(compact=True)),
        ({"indices": {"text_idx": (4_500, 501)}}, Needs(compact=True)),
        ({"versions": 201}, Needs(clean=True)),
        ({"rows": 100_000}, Needs(key_indices=True, vector_index=True)),
        ({"rows": 400_000, "indices": KEYS, "vector_index": LARGE}, Needs()),
        ({"rows": 400_001, "indices": KEYS, "vector_index": LARGE}, Needs(vector_index=True)),
    ],
)
def test_figures_decide(figures, asked):
    assert needs(dataclasses.replace(QUIET, **figures), Upkeep()) == asked


def test_the_first_rows_are_indexed_for_text_and_then_nothing_is_asked(table):
    assert table.maintain() == Needs()
    table.commit(adding(row("a.md")))
    assert table.maintain() == Needs(text_index=True)
    assert table.maintain() == Needs()
    assert table.stats().indices == {"text_idx": (1, 0)}


def test_many_small_commits_are_compacted_folded_and_cleaned(table, tmp_path):
    upkeep = Upkeep(max_fragments=8, max_versions=10, retention_seconds=0.3)
    for number in range(40):
        table.commit(adding(row(f"{number}.md")))
        table.maintain(upkeep)
    time.sleep(0.4)
    table.commit(adding(row("last.md")))
    table.maintain(upkeep)
    stats = table.stats()
    assert stats.rows == 41
    assert stats.fragments <= 9
    assert stats.versions <= 12
    assert len(list((tmp_path / "db").glob("chunks.lance/data/*.lance"))) < 25


def files(folder):
    found = [path for path in folder.rglob("*") if path.is_file()]
    return len(found), sum(path.stat().st_size for path in found)


def test_after_the_retention_a_much_changed_table_is_as_small_as_a_new_one(opened, tmp_path):
    rows = [row(f"{number}.md", text="words " * 40) for number in range(300)]
    used = opened(upkeep=Upkeep(max_fragments=8, retention_seconds=0.3))
    for number in range(40):
        used.commit(adding(*rows[number * 7 :]) if number == 0 else adding(rows[number * 7]))
        used.maintain()
    used.commit(adding(*rows))
    used.optimize()
    time.sleep(0.4)
    used.optimize()
    with open_table(tmp_path / "new", "chunks", fingerprint=MODEL, dimensions=DIMENSIONS, create=True) as new:
        new.commit(adding(*rows))
        new.maintain()
    (count, size), (fresh_count, fresh_size) = files(tmp_path / "db"), files(tmp_path / "new")
    assert count <= fresh_count
    assert size <= 1.1 * fresh_size


def test_a_table_at_rest_is_cleaned_once_and_then_left_alone(table):
    upkeep = Upkeep(retention_seconds=0.2)
    for number in range(3):
        table.commit(adding(row(f"{number}.md")))
    table.maintain(upkeep)
    done = []
    for _ in range(4):
        table.maintain(upkeep)  # sees the version that the time before may have left
        time.sleep(0.25)
        done.append(table.maintain(upkeep).clean)
    assert done[0]
    assert not done[-1]
    assert (table.stats().versions, table.stats().fragments) == (1, 1)


def test_an_empty_tables_retention_spares_what_a_reader_still_reads(table, opened):
    table.commit(adding(row("a.md")))
    reader = opened(create=False, read_consistency_seconds=3_600)
    assert reader.count() == 1
    for number in range(5):
        table.commit(Changes(delete=[row("a.md").id]) if number == 0 else adding(row(f"{number}.md")))
    table.optimize(Upkeep(retention_seconds=60))
    assert list(reader.source_states()) == ["a.md"]


def test_other_language_settings_make_the_text_index_anew(table):
    table.commit(adding(row("a.md", text="les chevaux mangent")))
    table.maintain()
    french = Upkeep(text=TextSettings(language="French"))
    assert table.maintain(french) == Needs(text_index=True)
    assert table.maintain(french) == Needs()
    assert table.search(SearchQuery(text="cheval", mode="text")).hits


def clustered(count, seed):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(40, 32)).astype(np.float32)
    vectors = centres[rng.integers(0, 40, count)] + rng.normal(size=(count, 32)).astype(np.float32) * 0.3
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A table past its (lowered) size for indices: 3 000 rows of 32 dimensions, indexed, measured."""
    upkeep = Upkeep(index_rows=1_000)
    folder = tmp_path_factory.mktemp("large")
    with open_table(
        folder, "chunks", fingerprint=MODEL, dimensions=32, create=True, read_consistency_seconds=0, upkeep=upkeep
    ) as table:
        rows = [row(f"{n}.md", text=f"words number {n}") for n in range(3_000)]
        table.commit(Changes(add=rows, vectors=clustered(3_000, 1)))
        assert table.maintain(background=True).vector_index
        yield table


def test_a_large_table_gets_its_vector_index_measured_and_remembered(large):
    large.maintain()  # a build beside it is waited for, or seen as running
    until(lambda: large.stats().vector_index)
    made = large.stats().vector_index
    assert (made.kind, made.rows, made.sample) == ("IVF_RQ", 3_000, 64)
    assert made.recall >= 0.97
    assert set(large.stats().indices) == {"text_idx", "id_idx", "source_idx", "text_hash_idx", "vector_idx"}


def test_the_index_and_exact_search_agree_and_new_rows_are_found_before_they_are_folded(large):
    questions = clustered(20, 2)
    exact = [
        large.handle.lance.search(q).distance_type("cosine").bypass_vector_index().limit(10).to_list()
        for q in questions
    ]
    found = [large.search(SearchQuery(text="q", vector=q, mode="vector")).hits for q in questions]
    shared = [len({e["id"] for e in es} & {h.row.id for h in hs}) for es, hs in zip(exact, found, strict=True)]
    assert sum(shared) / 200 >= 0.95
    new = row("new.md", text="new words")
    large.commit(Changes(add=[new], vectors=questions[:1]))
    assert large.search(SearchQuery(text="q", vector=questions[0], mode="vector", limit=1)).hits[0].row == new
    large.commit(Changes(delete=[new.id]))


def finished(table, upkeep):
    """Asks for upkeep beside the commits and waits until its thread is done."""
    asked = table.maintain(upkeep, background=True)
    table._maintainer.wait()
    return asked


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "cannot reshape"), (20, "KMeans")],
    ids=["an error that nobody foresaw", "an error of LanceDB"],
)
def test_an_index_that_fails_is_told_and_tried_again_later(table, caplog, count, said):
    if count:  # vectors without a direction cannot be put into partitions
        rows = [row(f"{number}.md") for number in range(count)]
        table.commit(Changes(add=rows, vectors=np.zeros((count, DIMENSIONS), np.float32)))
    upkeep = Upkeep(index_rows=0, retry_seconds=0.5)
    assert finished(table, upkeep).vector_index
    assert said in table.upkeep_error
    assert said in caplog.text
    assert not finished(table, upkeep).vector_index
    time.sleep(0.5)
    table.commit(adding(*(row(f"good{number}.md", text=f"words number {number}") for number in range(300))))
    assert finished(table, upkeep).vector_index
    assert table.upkeep_error == ""


def test_writes_go_on_while_indices_exist(large):
    rows = large.rows(["7.md"])["7.md"]
    large.commit(Changes(refresh=[dataclasses.replace(rows[0], line_end=77)]))
    large.optimize()
    assert large.rows(["7.md"])["7.md"][0].line_end == 77
    assert large.stats().unindexed_rows == 0


# -- snapshots


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


# -- rebuild


def test_a_rebuild_switches_rows_and_model_in_one_version(table, opened, tmp_path):
    table.commit(adding(row("old.md", text="old words")))
    table.maintain()
    snapshots.tag(table, "before")
    version = table.handle.lance.version
    with open_table(tmp_path / "db", "chunks__next", fingerprint="model-two", dimensions=4, create=True) as new:
        new.commit(Changes(add=[row("new.md", fingerprint="model-two")], vectors=np.ones((1, 4), np.float32) / 2))
    switch_table(tmp_path / "db", "chunks__next", "chunks")
    switched = opened(create=False, fingerprint="model-two", dimensions=4)
    assert (switched.identity.fingerprint, switched.identity.dimensions) == ("model-two", 4)
    assert list(table.source_states()) == ["new.md"]  # an open handle follows
    assert table.handle.lance.version == version + 1
    assert switched.search(SearchQuery(text="q", vector=np.ones(4, np.float32))).mode == "vector"
    switched.maintain()
    assert switched.search(SearchQuery(text="chunk", mode="text")).hits
    with snapshots.at(table, "before") as then:
        assert list(then.source_states()) == ["old.md"]
        assert then.identity.fingerprint == MODEL
    with pytest.raises(TableMissingError):
        open_table(tmp_path / "db", "chunks__next")


def test_a_switch_with_nothing_aside_changes_nothing(table, tmp_path):
    table.commit(adding(row("a.md")))
    with pytest.raises(StoreError, match="chunks__next"):
        switch_table(tmp_path / "db", "chunks__next", "chunks")
    assert table.count() == 1
    assert table.identity.dimensions == DIMENSIONS
