"""The size of the next batch: never above what was asked for, half after a memory error, small while queries come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine.scheduling.batch_budget import BATCH_SECONDS, BatchBudget

TOKENS = st.integers(64, 10_000)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["query", "success", "out of memory"]), st.integers(1, 20_000), st.floats(0, 5)),
    max_size=30,
)


@given(tokens=TOKENS, events=EVENTS)
def test_a_batch_is_never_larger_than_asked_for_and_never_nothing(tokens, events):
    budget, now = BatchBudget(tokens), 0.0
    for event, padded, seconds in events:
        now += seconds
        match event:
            case "query":
                budget.expect_queries(now)
            case "success":
                budget.succeeded(padded, seconds)
            case "out of memory":
                assert budget.out_of_memory(padded) <= max(64, tokens // 2)
        assert 64 <= budget.at(now) <= tokens


@given(tokens=TOKENS, padded=st.integers(1, 20_000))
def test_what_did_not_fit_is_not_tried_again_and_success_grows_back(tokens, padded):
    budget = BatchBudget(tokens)
    assert budget.out_of_memory(padded) <= max(64, padded // 2)
    for _ in range(800):
        budget.succeeded(64, 0.001)
    assert budget.at(0.0) == tokens


def test_for_two_seconds_after_a_query_a_batch_is_about_a_twentieth_of_a_second():
    budget = BatchBudget(4096)
    budget.expect_queries(10.0)
    assert budget.at(10.0) == 4096  # nothing is known of the model's speed yet
    budget.succeeded(2000, 0.1)
    assert budget.at(12.0) == int(20_000 * BATCH_SECONDS)
    assert budget.at(12.01) == 4096
