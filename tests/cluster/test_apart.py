"""Upkeep in a process of its own: the table is tended as here, and what fails there is told here."""

from __future__ import annotations

import pytest

from embedingest.cluster.apart import in_own_process
from embedingest.errors import StoreError, TableMissingError
from embedingest.store.elsewhere import TableWork, elsewhere
from embedingest.store.key_index import KEY_INDICES
from embedingest.store.table import open_table
from embedingest.store.values import SearchQuery, Upkeep
from tests.depth import only_deep
from tests.store.doubles import DIMENSIONS, MODEL, adding, row

pytestmark = pytest.mark.slow

SMALL = Upkeep(index_rows=500, retention_seconds=0.01)


class Deadly:
    """Ends the process that reads it, as a system short of memory would."""

    def __reduce__(self):
        return eval, ("__import__('os').kill(__import__('os').getpid(), 9)",)


@pytest.fixture
def table(tmp_path):
    with open_table(tmp_path, "chunks", fingerprint=MODEL, dimensions=DIMENSIONS, create=True, upkeep=SMALL) as opened:
        yield opened


def filled(table):
    for number in range(4):
        table.commit(adding(*[row(f"{number}-{i}.md", text=f"sentence {i} of {number}") for i in range(200)]))


@only_deep
def test_all_upkeep_is_done_there_and_seen_here(table):
    filled(table)
    asked = []

    def run(work):
        asked.append(work.maker)
        in_own_process(work)

    table.index_with(elsewhere(run, least_rows=800))
    table.optimize()
    figures = table.stats()
    assert sorted(asked) == ["join", "keys", "text", "vectors"]
    assert figures.indices == dict.fromkeys(["text_idx", "vector_idx", *KEY_INDICES], (800, 0))
    assert (figures.fragments, figures.rows) == (1, 800)
    (found,) = table.search(SearchQuery("sentence 17 of 3", mode="text", limit=1))
    assert found.source == "3-17.md"


def test_a_table_of_fewer_rows_is_tended_here(table):
    filled(table)

    def run(work):
        raise AssertionError(f"asked for {work}")

    table.index_with(elsewhere(run, least_rows=801))
    table.optimize()
    assert table.stats().fragments == 1


@only_deep
def test_what_fails_there_is_raised_here(tmp_path):
    with pytest.raises(TableMissingError, match="no table `none`"):
        in_own_process(TableWork(str(tmp_path), "none", "join", None))


def test_a_process_that_dies_is_told_and_the_table_is_whole(table, tmp_path):
    filled(table)
    with pytest.raises(StoreError, match=r"tends table `chunks` died \(SIGKILL\)") as caught:
        in_own_process(TableWork(str(tmp_path), "chunks", "join", Deadly()))
    assert "whole" in caught.value.remedy
    assert table.count() == 800
