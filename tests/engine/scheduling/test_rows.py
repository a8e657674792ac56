"""Short texts share rows: each text once, no row over its limit, little left over; decided by lengths alone."""

from __future__ import annotations

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine.scheduling.batching import few_sizes
from embedingest.engine.scheduling.rows import SharedRows, in_rows, next_rows, padded_tokens

LENGTHS = st.lists(st.integers(1, 80), max_size=150)
SHORT = st.lists(st.integers(0, 62), min_size=1, max_size=300).map(sorted)


@given(lengths=LENGTHS, tokens=st.integers(1, 64))
def test_every_text_is_in_exactly_one_row_and_no_row_is_over_its_limit(lengths, tokens):
    rows = in_rows(lengths, tokens)
    assert sorted(index for row in rows for index in row) == list(range(len(lengths)))
    for row in rows:
        assert sum(lengths[index] for index in row) <= tokens or len(row) == 1


@given(lengths=st.lists(st.integers(1, 20), min_size=40, max_size=200))
def test_rows_of_short_texts_are_nearly_full(lengths):
    rows = in_rows(lengths, 64)
    assert len(rows) <= sum(lengths) / (64 - 20) + 1
    assert sum(sum(lengths[index] for index in row) <= 32 for row in rows) <= 1


@given(lengths=LENGTHS)
def test_equal_lengths_are_put_into_equal_rows(lengths):
    rows = in_rows(lengths, 64)
    again = in_rows(list(lengths), 64)
    assert rows == again
    shapes = sorted(sorted(lengths[index] for index in row) for row in rows)
    backwards = in_rows(lengths[::-1], 64)
    assert sorted(sorted(lengths[::-1][index] for index in row) for row in backwards) == shapes


@given(lengths=SHORT, budget=st.integers(64, 2048), parallel=st.integers(1, 8), data=st.data())
def test_a_batch_holds_its_first_text_keeps_its_budget_and_takes_its_part(lengths, budget, parallel, data):
    shared = SharedRows(64, 2, parallel)
    first = data.draw(st.sampled_from(lengths))
    chosen = next_rows(lengths, bisect_right(lengths, first), shared, budget=budget)
    assert chosen == sorted(set(chosen))
    assert first in [lengths[index] for index in chosen]
    tokens = sum(lengths[index] + 2 for index in chosen)
    assert tokens <= budget
    rows = in_rows([lengths[index] + 2 for index in chosen], 64)
    assert all(sum(lengths[chosen[index]] + 2 for index in row) <= 64 for row in rows)
    part = -(-sum(length + 2 for length in lengths) // parallel)
    assert tokens <= max(part + 64, first + 2)


@given(lengths=SHORT, budget=st.integers(64, 2048), parallel=st.integers(1, 4))
def test_batch_by_batch_every_text_has_its_turn(lengths, budget, parallel):
    left = list(lengths)
    taken = []
    while left:
        chosen = next_rows(left, len(left), SharedRows(64, 2, parallel), budget=budget)
        assert chosen
        taken += [left[index] for index in chosen]
        left = [length for index, length in enumerate(left) if index not in set(chosen)]
    assert sorted(taken) == lengths


def test_a_text_too_many_for_one_row_makes_two_rows_of_half_the_width():
    rows = in_rows([12] * 6, 64)
    assert [len(row) for row in rows] == [4, 2]
    assert padded_tokens([10] * 6, SharedRows(64, 2)) == 2 * 48


def test_texts_that_share_no_row_are_left_alone():
    lengths = [5, 5, 5, 63, 200, 300]
    assert next_rows(lengths, 3, SharedRows(64, 2), budget=2048) == [0, 1, 2]
    assert SharedRows(64, 2).takes(62)
    assert not SharedRows(64, 2).takes(63)


def test_two_workers_share_a_few_queries_and_one_takes_them_all():
    queries = [10] * 6
    assert len(next_rows(queries, 6, SharedRows(64, 2, 2), budget=2048)) == 3
    assert len(next_rows(queries, 6, SharedRows(64, 2, 1), budget=2048)) == 6


def test_batches_have_few_numbers_of_rows():
    shared, numbers = SharedRows(64, 2), set()
    for count in range(1, 200):
        chosen = next_rows([30] * count, count, shared, budget=2048)
        numbers.add(len(in_rows([32] * len(chosen), 64)))
    assert numbers <= {few_sizes(number) + more for number in range(1, 33) for more in (0, 1)}


def test_what_is_computed_is_counted_as_it_lies():
    assert padded_tokens([10, 20], None) == 40
    assert padded_tokens([10, 20], SharedRows(64, 2)) == 34
    assert padded_tokens([60, 60, 2], SharedRows(64, 2)) == 2 * 62 + 62
    assert padded_tokens([10, 100], SharedRows(64, 2)) == 200
