"""Two ranked lists become one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from embedingest.store.search.fusion import Scored, by_better_rank, fuse, ranked, shares


def test_fusion_takes_the_mean_of_what_each_score_is_beside_the_best():
    lists = {
        "vector": ranked([Scored("a", "A", "1", 0.9), Scored("b", "B", "2", 0.8)], "vector", key="id"),
        "text": ranked([Scored("b", "B", "2", 7.0), Scored("c", "C", "3", 3.0)], "text", key="id"),
    }
    fused = fuse(lists)
    assert [candidate.id for candidate in fused] == ["a", "b", "c"]
    assert [candidate.score for candidate in fused] == pytest.approx([0.5, 0.5, 3 / 14])
    assert fused[0].parts == {
        "vector_score": 0.9, "vector_rank": 1, "vector_share": 1.0,
        "text_score": None, "text_rank": None, "text_share": 0.0,
    }  # fmt: skip


def found(side, scores):
    return ranked([Scored(key, key, key, score) for key, score in scores.items()], side, key="id")


FINITE = st.floats(0.25, 100, width=32)
SCORES = st.dictionaries(st.sampled_from("abcdefghij"), FINITE, max_size=10)


@given(scores=SCORES.filter(bool), side=st.sampled_from(["vector", "text", "sparse", "late"]))
def test_shares_fall_with_the_scores_from_one_and_those_of_words_stay_above_nothing(scores, side):
    given_ = shares(found(side, scores), side)
    assert given_[0] == 1.0
    assert given_ == sorted(given_, reverse=True)
    assert all(0 <= share <= 1 for share in given_)
    assert side in ("vector", "late") or min(given_) > 0


@given(vector=SCORES, text=SCORES, sparse=SCORES)
def test_the_order_is_the_same_however_the_sides_are_listed(vector, text, sparse):
    lists = {"vector": found("vector", vector), "text": found("text", text), "sparse": found("sparse", sparse)}
    orders = {tuple((one.id, one.score) for one in fuse(dict(each))) for each in itertools.permutations(lists.items())}
    assert len(orders) == 1


@given(scores=SCORES, side=st.sampled_from(["vector", "text"]))
def test_where_one_side_finds_nothing_the_other_alone_orders(scores, side):
    lists = {"vector": [], "text": [], side: found(side, scores)}
    assert [one.score for one in fuse(lists)] == [share / 2 for share in shares(lists[side], side)]
    assert [one.id for one in fuse(lists)] == [one.id for one in lists[side]]


@given(vector=SCORES, text=SCORES, key=st.sampled_from("abcdefghij"), more=FINITE)
def test_who_scores_higher_on_one_side_stands_no_lower(vector, text, key, more):
    def place(text):
        return [one.id for one in fuse({"vector": found("vector", vector), "text": found("text", text)})].index(key)

    assume(key in text)
    assert place({**text, key: text[key] + more}) <= place(text)


def test_ties_are_broken_the_same_way_whatever_the_order_they_come_in():
    found = [Scored("b", "B", "2", 1.0), Scored("a", "A", "1", 1.0), Scored("c", "C", "3", 1.0)]
    assert [candidate.id for candidate in ranked(found, "text", key="id")] == ["a", "b", "c"]


def test_the_order_by_better_rank_stays_when_lists_get_longer():
    vector = [Scored(letter, letter, letter, 1.0 - place / 10) for place, letter in enumerate("abcdef")]
    text = [Scored(letter, letter, letter, 9.0 - place) for place, letter in enumerate("fgbhia")]
    orders = []
    for depth in (2, 4, 6):
        lists = {"vector": ranked(vector, "vector", key="id"), "text": ranked(text, "text", key="id")}
        joined = by_better_rank({side: found[:depth] for side, found in lists.items()})
        assert {candidate.score for candidate in joined} == {0.0}
        orders.append("".join(candidate.id for candidate in joined))
    assert orders == ["afbg", "afbgcdh", "afbgcdhei"]


def test_a_row_says_whether_its_text_was_found_elsewhere_too():
    found = ranked(
        [Scored("a", "A", "1", 2.0), Scored("b", "B", "1", 2.0), Scored("c", "C", "3", 1.0)], "text", key="text_hash"
    )
    assert [(candidate.id, candidate.copied) for candidate in found] == [("a", True), ("c", False)]
