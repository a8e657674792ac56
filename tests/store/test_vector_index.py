"""The index over vectors: made, measured, remembered, and what happens where it cannot be made."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest

from embedingest.store.key_index import KEY_COLUMNS
from embedingest.store.predicate import one_of
from embedingest.store.table import open_table
from embedingest.store.values import Changes, SearchQuery, Upkeep
from tests.depth import few, only_deep
from tests.store.doubles import DIMENSIONS, MODEL, adding, row
from tests.waiting import until


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
    assert set(large.stats().indices) == {f"{name}_idx" for name in ("text", "vector", *KEY_COLUMNS)}


@only_deep
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


@only_deep
def test_half_size_vectors_are_indexed_found_refreshed_and_read_as_the_others_are(tmp_path):
    vectors, rows = clustered(1_200, 1), [row(f"{n}.md", text=f"words number {n}") for n in range(1_200)]
    made = {"fingerprint": MODEL, "dimensions": 32, "create": True, "float16": True}
    with open_table(tmp_path, "chunks", read_consistency_seconds=0, upkeep=Upkeep(index_rows=1_000), **made) as table:
        table.commit(Changes(add=rows, vectors=vectors))
        table.maintain()
        assert table.stats().vector_index.recall >= 0.99
        [hit] = table.search(SearchQuery(text="q", vector=vectors[7], mode="vector", limit=1)).hits
        assert hit.row == rows[7]
        changed = dataclasses.replace(rows[7], line_end=77)
        table.commit(Changes(refresh=[changed]))
        table.optimize()
        assert table.rows(["7.md"]) == {"7.md": [changed]}
        assert table.vectors([changed.text_hash])[changed.text_hash] == pytest.approx(vectors[7], abs=5e-4)
        assert (table.wrong_vectors(), table.damage()) == ([], [])


@pytest.mark.parametrize("column", ["id", "source", "text_hash"])
def test_the_rows_of_a_change_are_looked_up_and_the_others_are_not_read(large, column):
    search = large.handle.lance.search().where(one_of(column, ["one", "another"])).select(["id"])
    plan = search.explain_plan(verbose=True)
    assert f"@{column}_idx(BTree)" in plan
    assert "refine_filter=--" in plan


def test_old_and_new_rows_are_found_all_the_while_they_are_folded_into_the_indices(large):
    vectors = clustered(40, 3)
    new = [row(f"folded/{n}.md", text=f"folded words {n}") for n in range(40)]
    large.commit(Changes(add=new, vectors=vectors))
    assert large.stats().unindexed_rows >= 40
    folding = threading.Thread(target=large.optimize)
    with open_table(large.handle.uri, "chunks", read_consistency_seconds=0) as reader:
        folding.start()
        turns = 0
        while folding.is_alive() or turns < 2:
            number = turns % 40
            [hit] = reader.search(SearchQuery(text="q", vector=vectors[number], mode="vector", limit=1)).hits
            assert hit.row == new[number]
            assert reader.rows(["7.md"])["7.md"]
            assert reader.search(SearchQuery(text=f"folded {number}", mode="text", limit=1)).hits
            turns += 1
    folding.join()
    assert large.stats().unindexed_rows == 0
    large.commit(Changes(delete=[row.id for row in new]))


def finished(table, upkeep):
    """Asks for upkeep beside the commits and waits until its thread is done."""
    asked = table.maintain(upkeep, background=True)
    table._maintainer.wait()
    return asked


@few(1)
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
