"""Rows that several processes write into one table: fragments that nobody sees, and the commit that takes them in once."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.errors import LockedError, StoreError
from embedingest.store import fragments, key_index
from embedingest.store.extras import parts_of
from embedingest.store.fragments import PartCommit, commit_parts, committed_parts, current_version, write_rows
from embedingest.store.schema import matrix_of
from embedingest.store.table import open_table
from embedingest.store.terms import TERM
from embedingest.store.values import Changes, ColumnModel
from tests.depth import much, only_deep
from tests.store.doubles import DIMENSIONS, MODEL, adding, row, vector_of

pytestmark = pytest.mark.slow

RUN = "a run"


def part_of(table, number, changes):
    """What a worker makes of its part: fragments of the table as it was when the part was cut."""
    written = write_rows(table.at(table.version), changes)
    return PartCommit(number, written.fragments, written.delete_ids)


def commit(table, *parts, since=1, **how):
    return commit_parts(table.handle.uri, table.name, parts, run=RUN, since=since, **how)


def all_rows(table):
    """Every column of every row, by id."""
    stored = table.handle.lance.to_arrow()
    rows = {values["id"]: values for values in stored.to_pylist()}
    assert len(rows) == stored.num_rows, "a row is there twice"
    return rows


def without_time(rows):
    return {key: {name: value for name, value in row.items() if name != "ingested_at"} for key, row in rows.items()}


def test_rows_are_seen_once_they_are_committed_and_are_those_of_an_ordinary_commit(opened, tmp_path):
    table = opened()
    rows = [row("a.md", i, count=2, heading_path=(), page=i, title="A", line_start=None) for i in range(2)]
    with open_table(tmp_path / "other", "chunks", fingerprint=MODEL, dimensions=DIMENSIONS, create=True) as ordinary:
        ordinary.commit(adding(*rows))
        wanted, schema = without_time(all_rows(ordinary)), ordinary.schema
    part = part_of(table, 0, adding(*rows))
    assert table.count() == 0
    version = commit(table, part)
    assert version == current_version(table.handle.uri, "chunks") == table.version
    assert without_time(all_rows(table)) == wanted
    assert table.schema.equals(schema, check_metadata=True)
    assert table.handle.lance.stats()["fragment_stats"]["num_fragments"] == 1


def test_every_kind_of_column_is_written(opened):
    models = {"sparse": ColumnModel("s"), "late": ColumnModel("l", 2)}
    table = opened(extras=models, context=True, float16=True)
    terms = np.array([(3, 0.5), (7, 0.25)], TERM)
    tokens = np.array([[1, 0], [0, 1]], np.float16)
    new = row("a.md", context="of a letter")
    changes = replace(adding(new), extras={"sparse": [terms], "late": [tokens]})
    commit(table, part_of(table, 0, changes))
    stored = table.stored([new.id], ["vector", "sparse", "late", "context"])
    assert np.allclose(matrix_of(stored)[0], vector_of(new.text), atol=1e-3)
    assert parts_of(stored.column("sparse"))[1].tolist() == terms.tolist()
    assert parts_of(stored.column("late"))[1].tolist() == tokens.tolist()
    assert stored.column("context").to_pylist() == ["of a letter"]


def test_what_an_ordinary_commit_refuses_is_refused(table):
    changes = adding(row("bad.md"))
    with pytest.raises(StoreError, match=r"chunk of bad\.md holds NaN"):
        write_rows(table, replace(changes, vectors=changes.vectors * np.nan))
    with pytest.raises(StoreError, match="1 rows of 8 dimensions were to be added, a vector has shape"):
        write_rows(table, replace(changes, vectors=changes.vectors[:, :4]))


def test_refreshed_rows_keep_vector_and_time_and_are_there_once(table):
    table.commit(adding(row("a.md"), row("b.md"), row("c.md")))
    before = all_rows(table)
    fresh = row("a.md", title="Anew")
    gone = row("c.md")
    commit(table, part_of(table, 0, Changes(refresh=[fresh, fresh], delete=[gone.id, "no such id"])), since=2)
    after = all_rows(table)
    assert after == {
        fresh.id: {**before[fresh.id], "title": "Anew"},
        row("b.md").id: before[row("b.md").id],
    }


def test_a_row_that_is_there_already_is_written_over_and_columns_of_others_are_kept(table):
    table.commit(adding(row("a.md"), row("b.md")))
    table.handle.lance.add_columns({"mark": "concat('mark of ', source)"})
    table.handle.lance.checkout_latest()
    again = row("a.md", title="Anew")
    changes = Changes(add=[again, again, row("new.md")], vectors=np.stack([vector_of("other")] * 3))
    commit(table, part_of(table, 0, replace(changes, refresh=[row("b.md", title="Fresh")])), since=table.version)
    rows = all_rows(table)
    assert {values["source"]: (values["title"], values["mark"]) for values in rows.values()} == {
        "a.md": ("Anew", "mark of a.md"),
        "b.md": ("Fresh", "mark of b.md"),
        "new.md": (None, None),
    }
    assert rows[again.id]["vector"] == vector_of("other").tolist()


def test_a_row_to_refresh_that_is_not_there_is_named(table):
    with pytest.raises(StoreError, match=r"of gone\.md was to be refreshed, and version 1 .* has no such row"):
        write_rows(table, Changes(refresh=[row("gone.md")]))


@only_deep
def test_many_refreshed_rows_are_read_a_few_thousand_at_a_time(table):
    rows = [row(f"{i}.md", text="same") for i in range(6_000)]
    table.commit(adding(*rows))
    fresh = [replace(one, title="Anew") for one in rows]
    part = part_of(table, 0, Changes(refresh=fresh))
    assert len(part.fragments) == 1
    commit(table, part, since=2)
    assert Counter(values["title"] for values in all_rows(table).values()) == {"Anew": 6_000}


def test_a_part_is_taken_in_once_however_often_it_is_asked_for(table):
    parts = [part_of(table, number, adding(row(f"{number}.md"))) for number in (0, 1, 2, 5)]
    first = commit(table, *parts[:2])
    assert commit(table, *parts[:2]) == first
    second = commit(table, *parts)
    assert second == first + 1
    assert committed_parts(table.handle.uri, table.name, RUN, 1) == {0, 1, 2, 5}
    assert committed_parts(table.handle.uri, table.name, RUN, first) == {2, 5}
    assert committed_parts(table.handle.uri, table.name, "another run", 1) == set()
    assert table.count() == 4
    assert commit(table, since=second) == second


def test_deletions_alone_and_of_whole_fragments(table):
    table.commit(adding(row("a.md")))
    table.commit(adding(row("b.md"), row("c.md")))
    ids = [row(name).id for name in ("a.md", "b.md")]
    written = write_rows(table, Changes(delete=ids))
    assert written == ((), tuple(ids), 0)
    commit(table, PartCommit(0, *written[:2]), since=3)
    assert [values["source"] for values in all_rows(table).values()] == ["c.md"]


@pytest.mark.parametrize("indexed", [True, False], ids=["by the index", "without an index"])
def test_many_rows_go_by_several_looks_at_once(table, monkeypatch, indexed):
    monkeypatch.setattr(fragments, "_LOOKUP_IDS", 3)
    monkeypatch.setattr(fragments, "_SCAN_IDS", 5)
    rows = [[row(f"{number}-{i}.md") for i in range(20)] for number in range(3)]
    for number, some in enumerate(rows):
        commit(table, part_of(table, number, adding(*some)))
    if indexed:
        key_index.build(table.handle)
    gone = {one.id for one in (*rows[0], *rows[1][3:17])}
    commit(table, PartCommit(3, (), [*gone, "of no row"]))
    assert all_rows(table).keys() == {one.id for some in rows for one in some} - gone
    assert table.handle.lance.stats()["fragment_stats"]["num_fragments"] == 2, "of one nothing is left"


def test_who_may_write_no_more_commits_nothing(table):
    part = part_of(table, 0, adding(row("a.md")))

    def lost():
        raise LockedError("the lease was lost")

    with pytest.raises(LockedError):
        commit(table, part, guard=lost)
    assert table.count() == 0


def test_of_many_that_commit_the_same_parts_at_once_each_row_is_there_once(table):
    """As when a store carries out a commit late, of which it had said that it failed."""
    table.commit(adding(row("old.md")))
    parts = [part_of(table, 0, adding(row("a.md"))), part_of(table, 1, Changes(refresh=[row("old.md", title="Anew")]))]
    for some in (parts[:1], parts):
        start, failed = threading.Barrier(4), []

        def ask(some=some, start=start, failed=failed):
            start.wait()
            try:
                commit(table, *some, since=2)
            except StoreError as error:
                failed.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
    assert {values["source"]: values["title"] for values in all_rows(table).values()} == {
        "a.md": None,
        "old.md": "Anew",
    }


def test_an_append_that_the_store_carried_out_late_is_taken_out_again(table, monkeypatch):
    part, other = (part_of(table, number, adding(row(f"{number}.md"))) for number in (0, 1))
    import lance

    carry_out = lance.LanceDataset.commit

    def late(base, transaction, **how):
        """The look is over, and here comes what was believed lost."""
        monkeypatch.undo()
        carry_out(base, replace(transaction, uuid="0"), max_retries=0)
        return carry_out(base, transaction, **how)

    commit(table, other)
    monkeypatch.setattr(lance.LanceDataset, "commit", late)
    commit(table, part)
    assert sorted(values["source"] for values in all_rows(table).values()) == ["0.md", "1.md"]
    assert commit(table, part, other) == table.version


@pytest.mark.parametrize("stored", [True, False], ids=["after the put", "before the put"])
def test_a_lost_answer_is_looked_up(table, monkeypatch, stored):
    part = part_of(table, 0, adding(row("a.md")))
    import lance

    carry_out = lance.LanceDataset.commit

    def answers_never(base, transaction, **how):
        monkeypatch.undo()
        if stored:
            carry_out(base, transaction, **how)
        raise OSError("connection reset by peer")

    monkeypatch.setattr(lance.LanceDataset, "commit", answers_never)
    commit(table, part)
    assert list(all_rows(table)) == [row("a.md").id]


def test_a_store_that_fails_again_and_again_is_named(table, monkeypatch):
    part = part_of(table, 0, adding(row("a.md")))
    import lance

    def fails(*_, **__):
        raise OSError("507 Insufficient Storage")

    monkeypatch.setattr(lance.LanceDataset, "commit", fails)
    with pytest.raises(StoreError, match=r"cannot commit to table `chunks` in .*: 507 Insufficient"):
        commit(table, part)


def test_a_full_disk_is_told_at_once_without_the_place_where_lance_was_built(table, monkeypatch):
    part = part_of(table, 0, adding(row("a.md")))
    import lance

    tried = []

    def full(*_, **__):
        tried.append(1)
        raise OSError(
            "LanceError(IO): No space left on device (os error 28), /home/builder/work/lance/rust/io.rs:134:12"
        )

    monkeypatch.setattr(lance.LanceDataset, "commit", full)
    with pytest.raises(StoreError, match=r"No space left on device") as told:
        commit(table, part)
    assert told.value.message.endswith(": LanceError(IO): No space left on device (os error 28)")
    assert len(tried) == 1
    assert "make room on the disk" in told.value.remedy


def test_an_old_version_is_read_whatever_was_written_since(table):
    table.commit(adding(row("a.md")))
    old = table.at(table.version)
    table.commit(adding(row("b.md")))
    table.commit(Changes(delete=[row("a.md").id]))
    assert list(old.vectors([row("a.md").text_hash, row("b.md").text_hash])) == [row("a.md").text_hash]
    assert old.rows(["a.md", "b.md"]) == {"a.md": [row("a.md")], "b.md": []}
    with pytest.raises(StoreError, match="cannot open version 99 of table `chunks`"):
        table.at(99)


# -- whatever happens, the table holds what was wanted


SOURCES = [f"{letter}.md" for letter in "abcdef"]
WANTED = st.dictionaries(st.sampled_from(SOURCES), st.tuples(st.integers(0, 2), st.sampled_from("xyz")))
STEP = st.tuples(WANTED, st.permutations(range(3)), st.lists(st.integers(0, 2), max_size=4))


def rows_wanted(state):
    return {
        one.id: one
        for source, (count, title) in state.items()
        for one in (row(source, i, count=count, title=title) for i in range(count))
    }


def changes_between(held, wanted):
    """The difference of two states, as a planner makes it: new rows, changed rows, gone ones."""
    new = [one for key, one in wanted.items() if key not in held]
    vectors = np.stack([vector_of(one.text) for one in new]) if new else None
    fresh = [one for key, one in wanted.items() if key in held and held[key] != one]
    return Changes(new, vectors, refresh=fresh, delete=[key for key in held if key not in wanted])


@settings(max_examples=much(8, 100), deadline=None)
@given(st.lists(STEP, min_size=1, max_size=4))
def test_any_sequence_of_part_commits_repeated_and_interrupted_equals_what_was_wanted(tmp_path_factory, steps):
    place = tmp_path_factory.mktemp("db")
    identity = {"fingerprint": MODEL, "dimensions": DIMENSIONS, "create": True, "read_consistency_seconds": 0}
    with open_table(place, "chunks", **identity) as table:
        held: dict = {}
        for run, (state, order, again) in enumerate(steps):
            wanted, since = rows_wanted(state), table.version
            old = table.at(since)
            parts = []
            for number in range(3):
                sources = set(SOURCES[number::3])
                some = changes_between(
                    {key: one for key, one in held.items() if one.source in sources},
                    {key: one for key, one in wanted.items() if one.source in sources},
                )
                write_rows(old, some)  # of a worker that was killed before it told of them
                written = write_rows(old, some)
                parts.append(PartCommit(number, written.fragments, written.delete_ids))
            for asked in ([order[0]], again, order, again):
                chosen = [parts[number] for number in asked]
                commit_parts(place, "chunks", chosen, run=f"run {run}", since=since)
            assert committed_parts(place, "chunks", f"run {run}", since) == {0, 1, 2}
            stored = [one for some in table.rows(SOURCES).values() for one in some]
            assert Counter(one.id for one in stored) == Counter(wanted.keys())
            assert {one.id: one for one in stored} == wanted
            vectors = table.vectors([one.text_hash for one in stored])
            assert all(np.array_equal(vectors[one.text_hash], vector_of(one.text)) for one in stored)
            held = wanted
