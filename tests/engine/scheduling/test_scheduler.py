"""The scheduler: order, fairness, and every way a batch can fail."""

from __future__ import annotations

import gc
import logging
import time
import weakref
from array import array
from concurrent.futures import CancelledError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.engine.scheduling.scheduler import Scheduler
from embedingest.errors import ConfigError, EngineClosedError, InputError, OverloadedError
from tests.engine.doubles import CountingEncoder, Gate, expected

TEXTS = st.lists(st.lists(st.integers(1, 9), max_size=30), max_size=40)


@given(texts=TEXTS, budget=st.integers(1, 200), parallel=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_any_cut_into_batches_gives_each_caller_its_own_rows_in_its_own_order(texts, budget, parallel):
    scheduler = Scheduler(CountingEncoder(parallel=parallel), batch_tokens=budget)
    tickets = [scheduler.submit(texts[i:], priority="bulk") for i in range(3)]
    for i, ticket in enumerate(tickets):
        np.testing.assert_array_equal(ticket.result(60), expected(texts[i:]))
    scheduler.close()


def test_no_texts_are_answered_without_the_model():
    encoder = CountingEncoder()
    scheduler = Scheduler(encoder)
    assert scheduler.submit([]).result(0).shape == (0, 3)
    scheduler.close()
    assert encoder.batches == []


@pytest.mark.parametrize("priority", ["query", "bulk"])
def test_vectors_go_with_their_caller_and_wait_for_no_search_for_garbage(priority):
    scheduler = Scheduler(CountingEncoder(), batch_tokens=4)
    gc.collect()
    gc.disable()
    try:
        ticket = scheduler.submit([[n] for n in range(1, 40)], priority=priority)
        rows = weakref.ref(ticket.result(60))
        scheduler.close()  # the thread lets its last batch go
        assert rows() is not None
        del ticket
        assert rows() is None
    finally:
        gc.enable()


def test_equal_texts_of_a_call_are_computed_once():
    encoder = CountingEncoder()
    scheduler = Scheduler(encoder)
    answer = scheduler.submit([[1, 2], [3], [1, 2], (1, 2)], priority="bulk").result(60)
    compact = [array("i", ids) for ids in ([1, 2], [3], [1, 2])]
    np.testing.assert_array_equal(scheduler.submit(compact, priority="bulk").result(60), answer[:3])
    scheduler.close()
    np.testing.assert_array_equal(answer, expected([[1, 2], [3], [1, 2], [1, 2]]))
    assert sum(len(batch) for batch in encoder.batches) == 4
    assert scheduler.stats().duplicates == 3


def test_a_hundred_thousand_texts_in_one_call_come_back_in_their_order():
    scheduler = Scheduler(CountingEncoder(parallel=2))
    texts = [array("i", [n, n % 7][: 1 + n % 2]) for n in range(100_000)]
    answer = scheduler.submit(texts, priority="bulk").result(60)
    scheduler.close()
    numbers = np.arange(100_000)
    long = numbers % 2 == 1
    np.testing.assert_array_equal(answer[:, 0], np.where(long, 2, 1))
    np.testing.assert_array_equal(answer[:, 1], np.where(long, numbers + numbers % 7, numbers))


def test_a_repeated_query_does_not_reach_the_model_again():
    encoder = CountingEncoder()
    scheduler = Scheduler(encoder)
    first = scheduler.submit([[4, 5]]).result(60)
    again = scheduler.submit([[4, 5]]).result(0)
    scheduler.close()
    np.testing.assert_array_equal(first, again)
    assert len(encoder.batches) == 1
    assert scheduler.stats().cache_hits == 1


def test_the_query_cache_is_bounded():
    scheduler = Scheduler(CountingEncoder(), cached_texts=2)
    for token in (1, 2, 3, 1):
        scheduler.submit([[token]]).result(60)
    scheduler.close()
    assert scheduler.stats().cache_hits == 0


def test_a_priority_that_there_is_not_is_named_with_those_there_are():
    scheduler = Scheduler(CountingEncoder())
    with pytest.raises(ConfigError, match=r'`priority` was given \'urgent\'; "query" or "bulk" is wanted'):
        scheduler.submit([[1]], priority="urgent")
    scheduler.close()


def test_a_query_goes_before_bulk_that_came_earlier():
    gate = Gate()
    encoder = CountingEncoder(gate)
    scheduler = Scheduler(encoder, batch_tokens=4)
    bulk = scheduler.submit([[n] * 4 for n in range(1, 9)], priority="bulk")
    assert gate.entered.wait(60)
    query = scheduler.submit([[7, 7]])
    gate.open()
    bulk.result(60)
    query.result(60)
    scheduler.close()
    assert encoder.batches[1] == [[7, 7]]


@pytest.mark.parametrize(("tokens", "most"), [(16, 16), (4096, 64), (16_384, 256)])
def test_a_batch_of_more_tokens_takes_more_texts(tokens, most):
    gate = Gate()
    encoder = CountingEncoder(gate)
    scheduler = Scheduler(encoder, batch_tokens=tokens)
    first = scheduler.submit([[1]], priority="bulk")
    assert gate.entered.wait(60)
    rest = scheduler.submit([[2, n] if tokens > 16 else [n + 2] for n in range(300)], priority="bulk")
    gate.open()
    first.result(60)
    rest.result(60)
    scheduler.close()
    assert max(map(len, encoder.batches)) == most


def test_bulk_is_not_starved_by_a_stream_of_queries():
    encoder = CountingEncoder(lambda _: time.sleep(0.005))
    scheduler = Scheduler(encoder, batch_tokens=1, cached_texts=0)
    for n in range(400):
        scheduler.submit([[n % 50, n]])
    bulk = scheduler.submit([[99]], priority="bulk")
    bulk.result(60)
    scheduler.close()
    assert encoder.batches.index([[99]]) < 300


def test_callers_take_turns():
    gate = Gate()
    encoder = CountingEncoder(gate)
    scheduler = Scheduler(encoder, batch_tokens=8)
    first = scheduler.submit([[n] * 8 for n in range(1, 40)], priority="bulk")
    assert gate.entered.wait(60)
    late = scheduler.submit([[50] * 3], priority="bulk")
    gate.open()
    late.result(60)
    first.result(60)
    scheduler.close()
    place = next(i for i, batch in enumerate(encoder.batches) if [50] * 3 in batch)
    assert place <= 3


def test_what_queued_while_a_batch_ran_is_the_next_batch():
    gate = Gate()
    encoder = CountingEncoder(gate)
    scheduler = Scheduler(encoder)
    tickets = [scheduler.submit([[1]])]
    assert gate.entered.wait(60)
    tickets += [scheduler.submit([[n]]) for n in range(2, 18)]
    gate.open()
    for ticket in tickets:
        ticket.result(60)
    scheduler.close()
    assert [len(batch) for batch in encoder.batches] == [1, 16]


def test_a_text_that_makes_the_model_fail_fails_alone_and_is_named():
    def refuse_thirteen(batch):
        if any(13 in tokens for tokens in batch):
            raise RuntimeError("unlucky")

    scheduler = Scheduler(CountingEncoder(refuse_thirteen))
    good = [scheduler.submit([[n], [n, n]], priority="bulk") for n in range(1, 6)]
    bad = scheduler.submit([[1], [2], [13], [3]], priority="bulk")
    with pytest.raises(InputError, match=r"text 2 \(1 tokens\) makes the model fail: RuntimeError: unlucky") as failure:
        bad.result(60)
    assert failure.value.index == 2
    for n, ticket in enumerate(good, start=1):
        np.testing.assert_array_equal(ticket.result(60), expected([[n], [n, n]]))
    assert scheduler.alive
    scheduler.close()


class NanEncoder(CountingEncoder):
    """Gives NaN for texts with a 13, infinity for those with a 14."""

    def encode(self, batch):
        vectors = super().encode(batch)
        for row, tokens in zip(vectors, batch, strict=True):
            if 13 in tokens:
                row[1] = np.nan
            if 14 in tokens:
                row[0] = np.inf
        return vectors


@pytest.mark.parametrize("poison", [13, 14])
def test_nan_and_infinity_are_an_error_naming_the_text(poison):
    scheduler = Scheduler(NanEncoder())
    other = scheduler.submit([[5]], priority="bulk")
    with pytest.raises(InputError, match="NaN or infinity") as failure:
        scheduler.submit([[1], [poison]], priority="bulk").result(60)
    assert failure.value.index == 1
    np.testing.assert_array_equal(other.result(60), expected([[5]]))
    scheduler.close()


def test_out_of_memory_halves_the_batches_until_they_fit(caplog):
    def limited(batch):
        if sum(map(len, batch)) > 300:
            raise RuntimeError("CUDA out of memory. Tried to allocate")

    encoder = CountingEncoder(limited)
    scheduler = Scheduler(encoder, batch_tokens=4000, batch_texts=1000)
    texts = [[n % 7] * 10 + [n] for n in range(200)]
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(scheduler.submit(texts, priority="bulk").result(60), expected(texts))
    scheduler.close()
    assert "out of memory" in caplog.text


def test_one_text_too_large_for_memory_is_named():
    def tiny(batch):
        if any(len(tokens) > 100 for tokens in batch):
            raise MemoryError

    scheduler = Scheduler(CountingEncoder(tiny))
    with pytest.raises(InputError, match=r"text 1 .* does not fit into memory"):
        scheduler.submit([[1], [2] * 101], priority="bulk").result(60)
    scheduler.close()


def test_a_call_is_admitted_whole_or_not_at_all():
    gate = Gate()
    scheduler = Scheduler(CountingEncoder(gate), max_waiting=2, max_waiting_tokens=10)
    running = scheduler.submit([[1]], priority="bulk")
    assert gate.entered.wait(60)
    with pytest.raises(OverloadedError, match="limit is 10"):
        scheduler.submit([[2] * 6, [3] * 6], priority="bulk")
    waiting = [scheduler.submit([[n]], priority="bulk") for n in (2, 3)]
    with pytest.raises(OverloadedError, match="2 calls wait already and the limit is 2"):
        scheduler.submit([[4]], priority="bulk")
    gate.open()
    for ticket in (running, *waiting):
        ticket.result(60)
    scheduler.close()
    stats = scheduler.stats()
    assert (stats.rejected, stats.texts, stats.waiting_tokens) == (2, 3, 0)


def test_a_call_larger_than_the_limit_is_admitted_to_an_empty_queue():
    scheduler = Scheduler(CountingEncoder(), max_waiting_tokens=4)
    assert scheduler.submit([[1] * 9], priority="bulk").result(60).tolist() == [[9, 9, 1]]
    scheduler.close()


def test_a_caller_that_went_away_costs_nothing_more():
    gate = Gate()
    encoder = CountingEncoder(gate)
    scheduler = Scheduler(encoder, batch_tokens=4)
    left = scheduler.submit([[n] * 4 for n in range(1, 100)], priority="bulk")
    assert gate.entered.wait(60)
    assert left.cancel()
    stays = scheduler.submit([[3]], priority="bulk")
    gate.open()
    stays.result(60)
    scheduler.close()
    with pytest.raises(CancelledError):
        left.result(0)
    assert len(encoder.batches) == 2
    assert scheduler.stats().cancelled == 1


def test_a_worker_that_dies_is_seen_by_everyone():
    gate = Gate()

    def die(batch):
        gate(batch)
        raise SystemExit("the model pulled the plug")

    scheduler = Scheduler(CountingEncoder(die))
    running = scheduler.submit([[1]])
    assert gate.entered.wait(60)
    queued = scheduler.submit([[2]])
    gate.open()
    for ticket in (running, queued):
        with pytest.raises(EngineClosedError, match="pulled the plug"):
            ticket.result(60)
    assert not scheduler.alive
    with pytest.raises(EngineClosedError, match="pulled the plug"):
        scheduler.submit([[3]])
    scheduler.close()


def test_closing_finishes_what_was_admitted_and_refuses_the_rest():
    scheduler = Scheduler(CountingEncoder(lambda _: time.sleep(0.01)), batch_tokens=1)
    ticket = scheduler.submit([[n] for n in range(20)], priority="bulk")
    scheduler.close()
    assert ticket.result(0).shape == (20, 3)
    with pytest.raises(EngineClosedError):
        scheduler.submit([[1]])


def test_closing_in_haste_fails_what_is_not_done():
    gate = Gate()
    scheduler = Scheduler(CountingEncoder(gate))
    scheduler.submit([[1]])
    assert gate.entered.wait(60)
    waiting = scheduler.submit([[2]])
    scheduler.close(timeout=0.05)
    with pytest.raises(EngineClosedError, match="closed"):
        waiting.result(0)
    gate.open()


def test_an_encoder_that_answers_the_wrong_shape_is_not_believed():
    class Short(CountingEncoder):
        def encode(self, batch):
            return super().encode(batch)[:, :2]

    scheduler = Scheduler(Short())
    with pytest.raises(InputError, match="shape"):
        scheduler.submit([[1]]).result(60)
    scheduler.close()


@pytest.mark.parametrize("priority", ["bulk", "query"])
def test_while_queries_come_the_batches_of_large_calls_are_short(priority):
    encoder = CountingEncoder(lambda batch: time.sleep(sum(map(len, batch)) / 10_000))
    scheduler = Scheduler(encoder, batch_tokens=4000, batch_texts=1000)
    scheduler.submit([[1] * 100 for _ in range(2)] + [[2] * 100]).result(60)
    scheduler.submit([[n] * 100 for n in range(60)], priority=priority).result(60)
    scheduler.close()
    assert max(sum(map(len, batch)) for batch in encoder.batches) <= 10_000 * 0.05 * 1.5


class SmallBatches(CountingEncoder):
    """Says which batches it runs best, as an encoder may."""

    batch_tokens = 800


@pytest.mark.parametrize(("encoder", "sizes"), [(SmallBatches(), [8, 4]), (CountingEncoder(), [12])])
def test_an_encoder_may_say_how_large_its_batches_run_best(encoder, sizes):
    scheduler = Scheduler(encoder)
    scheduler.submit([[n] * 100 for n in range(12)], priority="bulk").result(60)
    scheduler.close()
    assert [len(batch) for batch in encoder.batches] == sizes


def test_large_calls_alone_have_whole_batches_in_either_class():
    encoder = CountingEncoder()
    scheduler = Scheduler(encoder, batch_tokens=4000, batch_texts=1000)
    for priority in ("query", "bulk"):
        scheduler.submit([[n] * 100 for n in range(40)], priority=priority).result(60)
    scheduler.close()
    assert [sum(map(len, batch)) for batch in encoder.batches] == [3200, 800] * 2


def test_the_answer_says_how_long_it_waited_and_ran():
    scheduler = Scheduler(CountingEncoder(lambda _: time.sleep(0.02)))
    ticket = scheduler.submit([[1]])
    ticket.result(60)
    scheduler.close()
    assert 0 <= ticket.queued_seconds < 5
    assert ticket.encode_seconds >= 0.019
