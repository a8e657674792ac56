"""Batches: every text once, within the budget, little padding."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine.scheduling.batching import batches, few_sizes

LENGTHS = st.lists(st.integers(0, 600), max_size=200)


@given(lengths=LENGTHS, budget=st.integers(1, 4000), most=st.integers(1, 64))
def test_every_text_is_in_exactly_one_batch_and_the_budget_holds(lengths, budget, most):
    cut = batches(lengths, budget=budget, most=most)
    assert sorted(i for batch in cut for i in batch) == list(range(len(lengths)))
    for batch in cut:
        width = max(lengths[i] for i in batch)
        assert len(batch) == 1 or len(batch) * width <= budget
        assert len(batch) <= most


@given(lengths=LENGTHS, most=st.integers(1, 64))
def test_less_than_a_quarter_of_long_batches_is_padding(lengths, most):
    lengths = [length + 17 for length in lengths]
    groups = batches(lengths, budget=4000, most=most)
    padded = sum(len(group) * max(lengths[i] for i in group) for group in groups)
    assert padded - sum(lengths) <= 0.25 * padded


def test_the_longest_texts_come_first():
    assert batches([3, 100, 90, 1], budget=200, most=8) == [[2, 1], [3, 0]]


def test_nothing_to_do_is_no_batch():
    assert batches([], budget=10, most=8) == []


def test_batches_come_in_few_sizes():
    assert [few_sizes(n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 63, 64)] == [1, 2, 3, 4, 4, 6, 6, 8, 8, 12, 48, 64]
    assert {len(batch) for batch in batches([7] * 1000, budget=4000, most=64)} <= {few_sizes(n) for n in range(1, 65)}
