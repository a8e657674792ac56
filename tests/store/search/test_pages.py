"""Pages of a search, whatever their size: every hit once, in one order. And copies of one text, folded."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedingest.store.table import open_table
from embedingest.store.values import Changes, SearchQuery, Upkeep
from tests.depth import few, much, only_deep
from tests.store.doubles import MODEL, row

pytestmark = pytest.mark.slow

WIDTH = 16
QUESTION = "lion water"
FILTERS = {None: lambda _: True, "source endswith '7.md'": lambda one: one.source.endswith("7.md")}


def make_rows():
    """430 rows: 60 copies of one text, 40 rows of one long document, many equal scores, a fifth without the words."""
    rows = [row(f"copies/{n}.md", text="the lion drinks cold water") for n in range(60)]
    rows += [row("long.md", n, f"lion number {n} drinks water", count=40) for n in range(40)]
    rows += [
        row(f"many/{n}.md", n % 3, f"{'lion ' * (n % 5)}stays near {'water ' * (n % 7)} {n % 110}") for n in range(330)
    ]
    return rows


def vectors_of(rows):
    """One direction for each text; only 40 different ones beside the copies' so that distances are equal often."""
    every = np.random.default_rng(1).normal(size=(40, WIDTH)).astype(np.float32)
    every /= np.linalg.norm(every, axis=1, keepdims=True)
    return every[[int(one.text_hash, 16) % 40 for one in rows]]


def fill(table):
    """The rows in several commits, the last of which no index has seen."""
    rows = make_rows()
    for part in (rows[:200], rows[200:390], rows[390:]):
        table.commit(Changes(add=part, vectors=vectors_of(part)))
        if part[-1] is not rows[-1]:
            table.maintain()
    return rows


@pytest.fixture(scope="module", params=["exact", "indexed"])
def filled(request, tmp_path_factory):
    upkeep = Upkeep(index_rows=100 if request.param == "indexed" else 100_000)
    folder = tmp_path_factory.mktemp("pages")
    with open_table(folder, "chunks", fingerprint=MODEL, dimensions=WIDTH, create=True, upkeep=upkeep) as table:
        rows = fill(table)
        assert (table.stats().vector_index is not None) == (request.param == "indexed")
        yield table, rows


def asking(**options):
    vector = np.random.default_rng(2).normal(size=WIDTH).astype(np.float32)
    return SearchQuery(QUESTION, vector=vector, **options)


def shown(table, **options):
    """What a page shows: ids with their scores and other places."""
    return [(hit.row.id, hit.score, hit.places) for hit in table.search(asking(**options)).hits]


wholes: dict[object, object] = {}


def whole(table, **options):
    """One page of everything, asked once for each way to ask."""
    key = (table.handle.uri, *sorted(options.items(), key=str))
    if key not in wholes:
        wholes[key] = shown(table, limit=10_000, **options)
    return wholes[key]


ways = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["hybrid", "vector", "text"]),
        "group": st.booleans(),
        "fold": st.booleans(),
        "filter": st.sampled_from(list(FILTERS)),
    }
)


@few(1)
@settings(max_examples=much(10, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(way=ways, size=st.integers(1, 50), offset=st.integers(0, 450))
def test_a_page_of_any_size_is_a_slice_of_one_order(filled, way, size, offset):
    table, _ = filled
    assert shown(table, limit=size, offset=offset, **way) == whole(table, **way)[offset : offset + size]


@few(2)
@pytest.mark.parametrize("size", [pytest.param(9, marks=only_deep), 37])
@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_pages_one_after_the_other_are_one_page_of_everything(filled, mode, size):
    table, _ = filled
    walked = []
    for offset in itertools.count(0, size):
        page = shown(table, mode=mode, fold=False, limit=size, offset=offset)
        walked += page
        if len(page) < size:
            break
    assert walked == whole(table, mode=mode, fold=False)


@few(2)
@pytest.mark.parametrize("condition", FILTERS)
@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_every_row_that_answers_is_shown_once_and_folded_ones_have_a_place(filled, mode, condition):
    table, rows = filled
    answers = [one for one in rows if FILTERS[condition](one)]
    if mode == "text":
        answers = [one for one in answers if {"lion", "water"} & set(one.text.split())]
    ids = [row_id for row_id, *_ in whole(table, mode=mode, fold=False, filter=condition)]
    assert sorted(ids) == sorted(one.id for one in answers)
    sources = [
        hit.source for hit in table.search(asking(mode=mode, group=True, fold=False, filter=condition, limit=999))
    ]
    assert sorted(sources) == sorted({one.source for one in answers})
    folded = table.search(asking(mode=mode, filter=condition, limit=999))
    assert Counter(hit.text for hit in folded) == Counter({one.text for one in answers})
    by_text = {text: {one.source for one in answers if one.text == text} for text in {one.text for one in answers}}
    assert all({hit.source, *hit.places} == by_text[hit.text] for hit in folded)
    grouped = table.search(asking(mode=mode, group=True, filter=condition, limit=999))
    assert {source for hit in grouped for source in (hit.source, *hit.places)} == {one.source for one in answers}


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_scores_fall_from_page_to_page_and_equal_ones_go_by_id(filled, mode):
    table, _ = filled
    if table.stats().vector_index is None:
        found = [(-score, row_id) for row_id, score, _ in whole(table, mode=mode, fold=False)]
        falling = found if mode != "hybrid" else [score for score, _ in found]
        assert falling == sorted(falling)


def test_the_first_page_is_fused_from_a_hundred_ranks_of_each_side(filled):
    table, _ = filled
    for hit in table.search(asking(limit=30, explain=True)):
        ranks = [rank for name, rank in hit.explain.items() if name.endswith("_rank") and rank is not None]
        assert hit.score == pytest.approx((hit.explain["vector_share"] + hit.explain["text_share"]) / 2)
        assert max(ranks) <= 100


def test_a_copy_is_folded_into_the_better_hit_unless_one_asks_for_each(filled):
    table, rows = filled
    copies = {one.source for one in rows if one.source.startswith("copies/")}
    for group in (False, True):
        (hit,) = [hit for hit in table.search(asking(mode="text", limit=500, group=group)) if hit.source in copies]
        assert {hit.source, *hit.places} == copies
        assert hit.source not in hit.places
        apart = table.search(asking(mode="text", limit=500, group=group, fold=False))
        assert copies & {hit.source for hit in apart} == copies
        assert not any(hit.places for hit in apart)
