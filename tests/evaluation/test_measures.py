"""Rankings are measured as trec_eval does, and a difference is clear only where it is more than chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.evaluation.measures import compare, measured


def test_each_measure_of_each_question():
    relevant = {"a": {"x": 1, "y": 2}, "b": {"z": 1}, "nothing": {"z": 1}}
    values = measured({"a": ["y", "n", "x"], "b": ["n", "z"], "nothing": []}, relevant)
    ideal = 2 + 1 / math.log2(3)
    assert values["ndcg@10"] == pytest.approx([(2 + 1 / 2) / ideal, 1 / math.log2(3), 0])
    assert values["recall@100"] == pytest.approx([1, 1, 0])
    assert values["mrr@10"] == pytest.approx([1, 0.5, 0])


@given(st.permutations([f"d{n}" for n in range(30)]), st.sets(st.integers(0, 29), min_size=1))
def test_the_order_of_the_ranking_counts_and_no_name(ranking, answers):
    relevant = {f"d{n}": 1 for n in answers}
    first = next(place for place, name in enumerate(ranking) if name in relevant)
    values = measured({"q": ranking}, {"q": relevant})
    assert values["mrr@10"][0] == pytest.approx(1 / (first + 1) if first < 10 else 0)
    gain = sum(1 / math.log2(place + 2) for place, name in enumerate(ranking[:10]) if name in relevant)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))
    assert values["ndcg@10"][0] == pytest.approx(gain / ideal)
    assert values["recall@100"][0] == pytest.approx(1)


def test_a_comparison_is_the_same_each_time_and_turned_around_it_is_its_opposite():
    rng = np.random.default_rng(1)
    one, other = rng.random(40), rng.random(40)
    assert compare(one, other) == compare(one, other)
    there, back = compare(one, other), compare(other, one)
    assert (there.difference, there.low, there.high) == pytest.approx((-back.difference, -back.high, -back.low))


def test_what_is_better_for_each_question_is_clearly_better_and_what_is_equal_is_not():
    scores = np.linspace(0, 0.8, 30)
    better = compare(scores + 0.1, scores)
    assert better.is_clear
    assert (better.difference, better.p) == pytest.approx((0.1, 0))
    same = compare(scores, scores)
    assert not same.is_clear
    assert (same.difference, same.p) == (0, 1)
