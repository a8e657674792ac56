"""Two ranked lists become one."""

from __future__ import annotations

import pytest

from embedingest.store.search.fusion import fuse, ranked


def test_fusion_prefers_what_both_sides_name():
    lists = {
        "vector": ranked([("a", "A", 0.9), ("b", "B", 0.8)], "vector", by_source=False),
        "text": ranked([("b", "B", 7.0), ("c", "C", 3.0)], "text", by_source=False),
    }
    fused = fuse(lists)
    assert [candidate.id for candidate in fused] == ["b", "a", "c"]
    assert fused[0].score == pytest.approx(1 / 62 + 1 / 61)
    assert fused[1].parts == {"vector_score": 0.9, "vector_rank": 1, "text_score": None, "text_rank": None}


def test_ties_are_broken_the_same_way_whatever_the_order_they_come_in():
    found = [("b", "B", 1.0), ("a", "A", 1.0), ("c", "C", 1.0)]
    assert [candidate.id for candidate in ranked(found, "text", by_source=False)] == ["a", "b", "c"]
