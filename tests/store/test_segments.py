"""Indices that several processes make: found, searched and folded as those that LanceDB makes alone."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from embedingest.errors import StoreError
from embedingest.store import key_index, vector_index
from embedingest.store.segments import IndexWork, segmented, work_at
from embedingest.store.text_index import stored_settings
from embedingest.store.values import Changes, SearchQuery, TextSettings, Upkeep
from tests.depth import few, only_deep
from tests.store.doubles import MODEL, adding, row

pytestmark = pytest.mark.slow

DIMENSIONS = 16
SMALL = Upkeep(index_rows=500, text=TextSettings(language="German", stop_words=False))
INDICES = {"text_idx", "vector_idx", *key_index.KEY_INDICES}


def filled(table, commits=4, rows=300):
    rng = np.random.default_rng(0)
    for number in range(commits):
        vectors = rng.normal(size=(rows, DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        some = [row(f"{number}-{i}.md", text=f"Satz {i} Nummer {number}") for i in range(rows)]
        table.commit(Changes(add=some, vectors=vectors))
    return table


def covered(table):
    """Of each index how many rows it covers, how many not, and in how many segments."""
    table.handle.lance.checkout_latest()
    return {
        index.name: (index.num_indexed_rows, index.num_unindexed_rows, index.num_segments)
        for index in table.handle.lance.list_indices()
    }


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield lambda works: list(pool.map(work_at, works))


@few(1)
@pytest.mark.parametrize("float16", [False, True], ids=["float32", "float16"])
def test_what_several_processes_make_is_one_index_each(opened, processes, float16):
    table = filled(opened(dimensions=DIMENSIONS, float16=float16))
    table.index_with(segmented(processes, 2, least_rows=0))
    todo = table.maintain(SMALL)
    assert todo.text_index
    assert todo.key_indices
    assert todo.vector_index
    assert covered(table) == dict.fromkeys(INDICES, (1_200, 0, 2))
    assert stored_settings(table.handle) == SMALL.text
    assert vector_index.remembered(table.schema).recall >= 0.97
    plan = table.handle.lance.search().where(f"text_hash = '{row('1-7.md').text_hash}'").explain_plan()
    assert "text_hash_idx" in plan
    stored = table.rows(["3-7.md"])["3-7.md"]
    assert table.vectors([stored[0].text_hash]).keys() == {stored[0].text_hash}
    (found,) = table.search(SearchQuery("Nummern 3", mode="text", limit=1))
    assert found.source.startswith("3-")
    assert not table.maintain(SMALL)


@only_deep
def test_new_rows_are_folded_into_them_as_into_any_other(opened, processes):
    table = filled(opened(dimensions=DIMENSIONS), commits=2)
    table.index_with(segmented(processes, 2, least_rows=0))
    table.maintain(SMALL)
    new = adding(row("new.md", text="Walross"))
    table.commit(Changes(add=new.add, vectors=np.eye(1, DIMENSIONS, dtype=np.float32)))
    table.optimize(SMALL)
    assert {name: counts[:2] for name, counts in covered(table).items()} == dict.fromkeys(INDICES, (601, 0))
    (found,) = table.search(SearchQuery("Walross", mode="text"))
    assert found.source == "new.md"


def test_fragments_are_dealt_by_their_rows_and_no_share_is_empty(opened):
    table = opened(dimensions=DIMENSIONS)
    for rows in (10, 400, 200, 190):
        filled_some = [row(f"{rows}-{i}.md") for i in range(rows)]
        table.commit(Changes(add=filled_some, vectors=np.ones((rows, DIMENSIONS), np.float32)))
    asked = []

    def run(works):
        asked.extend(works)
        return [work_at(work) for work in works]

    for groups, shares in ((2, [(1,), (0, 2, 3)]), (9, [(1,), (2,), (3,), (0,)])):
        asked.clear()
        segmented(run, groups, least_rows=0).text(table.handle, TextSettings())
        assert [work.fragments for work in asked] == shares


def test_a_small_table_is_indexed_where_it_is(opened):
    table = filled(opened(dimensions=DIMENSIONS), commits=1, rows=600)

    def run(works):
        raise AssertionError(f"asked for {works}")

    table.index_with(segmented(run, 2, least_rows=601))
    table.maintain(SMALL)
    assert covered(table) == dict.fromkeys(INDICES, (600, 0, 1))


@only_deep
def test_what_fails_names_the_table(opened, tmp_path):
    table = filled(opened(dimensions=DIMENSIONS), commits=1)
    work = IndexWork(str(tmp_path / "db"), "chunks", table.version, "none_idx", "no such column", "BTREE", (0,))
    with pytest.raises(StoreError, match=r"cannot index table `chunks` in .*db: .*no such column"):
        work_at(work)
    assert covered(table) == {}
    assert table.identity.fingerprint == MODEL
