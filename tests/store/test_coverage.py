"""Keys stay covered by indices while a run writes part after part, by few segments, and rows are found all along."""

from __future__ import annotations

import pytest

from embedingest.store import pylance
from embedingest.store.coverage import cover_keys
from embedingest.store.fragments import PartCommit, commit_parts, current_version, write_rows, written_alone
from embedingest.store.key_index import KEY_INDICES
from embedingest.store.values import Changes, Upkeep
from tests.depth import only_deep
from tests.store.doubles import adding, row

RUN = "a run"
ASKED = {"id_idx", "source_idx", "text_hash_idx"}


def write(table, number, rows=40):
    """A part of so many rows, committed."""
    written = write_rows(table.at(table.version), adding(*[row(f"{number}-{i}.md") for i in range(rows)]))
    commit_parts(table.handle.uri, table.name, [PartCommit(number, written.fragments)], run=RUN, since=1)


def cover(table, least=40, most=160):
    version = cover_keys(table.handle.uri, table.name, run=RUN, least=least, most=most)
    table.handle.lance.checkout_latest()
    assert version == table.version
    return version


def covered(table):
    return {
        i.name: (i.num_indexed_rows, i.num_unindexed_rows, i.num_segments) for i in table.handle.lance.list_indices()
    }


def test_new_rows_are_covered_once_they_are_many_and_few_segments_do(table):
    write(table, 0, rows=10)
    before = current_version(table.handle.uri, table.name)
    assert cover(table) == before
    assert covered(table) == {}
    counts = []
    for number in range(1, 13):
        write(table, number)
        cover(table)
        counts.append(covered(table))
        assert counts[-1].keys() == ASKED
        assert {uncovered for _, uncovered, _ in counts[-1].values()} == {0}
        known = [row(f"{n}-3.md").text_hash for n in range(number + 1)]
        assert table.vectors([*known, "unknown"]).keys() == set(known)
        assert table.rows([f"{number}-39.md", "none.md"])["none.md"] == []
    assert {rows for rows, _, _ in counts[-1].values()} == {490}
    assert max(segments for one in counts for _, _, segments in one.values()) <= 4
    assert written_alone(table.handle.uri, table.name, RUN, 1)
    plan = table.handle.lance.search().where(f"text_hash = '{known[0]}'").explain_plan()
    assert "text_hash_idx" in plan


def test_rows_that_went_are_not_found_and_the_rest_is_covered_again(table):
    write(table, 0)
    cover(table)
    gone = [row(f"0-{i}.md").id for i in range(40)]
    commit_parts(table.handle.uri, table.name, [PartCommit(1, (), gone)], run=RUN, since=1)
    write(table, 2)
    cover(table)
    assert table.count() == 40
    assert table.vectors([row("0-3.md").text_hash, row("2-3.md").text_hash]).keys() == {row("2-3.md").text_hash}
    assert {counts[:2] for counts in covered(table).values()} == {(40, 0)}


def segments(table):
    """By index, what Lance calls its segments."""
    described = pylance.opened(table.handle.uri, table.name).describe_indices()
    return {index.name: {segment.uuid for segment in index.segments} for index in described}


@only_deep
def test_upkeep_makes_the_indices_that_lack_afterwards_and_leaves_those_that_were_kept_up(table):
    for number in range(3):
        write(table, number)
        cover(table)
    before = segments(table)
    assert before.keys() == ASKED
    todo = table.maintain(Upkeep(index_rows=100))
    assert todo.key_indices == KEY_INDICES - ASKED
    assert covered(table).keys() >= KEY_INDICES
    assert before.items() <= segments(table).items()
    table.commit(Changes(delete=[row("1-3.md").id]))
    table.optimize(Upkeep(index_rows=100))
    assert table.vectors([row("1-3.md").text_hash]) == {}
    assert {counts[1] for counts in covered(table).values()} == {0}


def test_what_fails_is_said_and_ends_no_run(table, caplog, monkeypatch):
    import lance

    def fails(*_, **__):
        raise OSError("no space left on device")

    write(table, 0)
    monkeypatch.setattr(lance.LanceDataset, "create_index_uncommitted", fails)
    version = current_version(table.handle.uri, table.name)
    assert cover(table) == version
    assert "looked up without an index: cannot index the keys of table `chunks`" in caplog.text
    assert covered(table) == {}


@pytest.mark.parametrize("least", [41, 10_000])
def test_few_rows_are_left_alone(table, least):
    write(table, 0)
    assert cover(table, least=least) == current_version(table.handle.uri, table.name)
    assert covered(table) == {}
