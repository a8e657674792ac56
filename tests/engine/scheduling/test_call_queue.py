"""What waits for the model: every text goes into one batch, callers take turns, equal texts are one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine.scheduling.call_queue import Call, CallQueue, Ticket, split_call

CALLS = st.lists(st.lists(st.lists(st.integers(1, 3), max_size=9), min_size=1, max_size=9), max_size=6)


def waiting(queue: CallQueue, tokens) -> Call:
    call = Call(Ticket(), "bulk", np.empty((len(tokens), 1), np.float32), remaining=0, tokens=0, submitted=0.0)
    queue.add(call, split_call(call, tokens))
    return call


@given(calls=CALLS, budget=st.integers(1, 60), most=st.integers(1, 8))
def test_every_text_of_every_call_is_in_exactly_one_batch(calls, budget, most):
    queue = CallQueue()
    indices = {id(waiting(queue, tokens)): (tokens, []) for tokens in calls}
    while batch := queue.take(budget=budget, most=most):
        assert len(batch) == 1 or len(batch) * max(text.length for text in batch) <= budget
        assert len(batch) <= most
        for text in batch:
            tokens, seen = indices[id(text.call)]
            assert all(tokens[index] == list(text.tokens) for index in text.indices)
            seen += text.indices
    assert all(sorted(seen) == list(range(len(tokens))) for tokens, seen in indices.values())
    assert len(queue) == queue.calls == 0


@given(calls=CALLS.filter(bool), data=st.data())
def test_a_call_that_is_dropped_leaves_nothing_and_takes_nothing_along(calls, data):
    queue = CallQueue()
    submitted = [waiting(queue, tokens) for tokens in calls]
    dropped = data.draw(st.sampled_from(submitted))
    before = len(queue)
    assert queue.drop(dropped) == before - len(queue)
    assert queue.drop(dropped) == 0
    while batch := queue.take(budget=20, most=4):
        assert all(text.call is not dropped for text in batch)


def test_each_batch_begins_with_the_call_whose_turn_it_is():
    queue = CallQueue()
    first, second = waiting(queue, [[n] * 8 for n in range(1, 7)]), waiting(queue, [[9]])
    anchors = [queue.take(budget=8, most=1)[0].call for _ in range(3)]
    assert anchors == [first, second, first]
