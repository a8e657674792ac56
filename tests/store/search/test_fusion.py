"""Two ranked lists become one."""

from __future__ import annotations

import pytest

from embedingest.store.search.fusion import Scored, by_better_rank, fuse, ranked


def test_fusion_prefers_what_both_sides_name():
    lists = {
        "vector": ranked([Scored("a", "A", "1", 0.9), Scored("b", "B", "2", 0.8)], "vector", key="id"),
        "text": ranked([Scored("b", "B", "2", 7.0), Scored("c", "C", "3", 3.0)], "text", key="id"),
    }
    fused = fuse(lists)
    assert [candidate.id for candidate in fused] == ["b", "a", "c"]
    assert fused[0].score == pytest.approx(1 / 7 + 1 / 6)
    assert fused[1].parts == {"vector_score": 0.9, "vector_rank": 1, "text_score": None, "text_rank": None}


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
        assert [candidate.score for candidate in joined] == sorted((c.score for c in joined), reverse=True)
        orders.append("".join(candidate.id for candidate in joined))
    assert orders == ["afbg", "afbgcdh", "afbgcdhei"]


def test_a_row_says_whether_its_text_was_found_elsewhere_too():
    found = ranked(
        [Scored("a", "A", "1", 2.0), Scored("b", "B", "1", 2.0), Scored("c", "C", "3", 1.0)], "text", key="text_hash"
    )
    assert [(candidate.id, candidate.copied) for candidate in found] == [("a", True), ("c", False)]
