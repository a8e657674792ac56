"""Limits: what is refused is refused whole, before any work, and the next request is answered."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.depth import much
from tests.engine.doubles import Gate
from tests.engine.shelf import Watched, engine_of
from tests.server.client import post
from tests.waiting import until

if TYPE_CHECKING:
    from tests.server.wirecases import Reply

BUSY = "server busy, please try again.  maximum pending requests exceeded"


@pytest.fixture
def gated(tmp_path):
    """An engine whose model `g` stops at its first batch until the gate opens; two more calls may wait."""
    gate, encoder = Gate(), []

    def make():
        encoder.append(Watched(gate))
        return encoder[0]

    engine = engine_of(tmp_path, {"g": make}, max_waiting=2)
    yield engine, gate, encoder
    gate.open()
    engine.close()


def background(port: int, *texts: str) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    body = {"model": "g", "input": list(texts)}
    thread = threading.Thread(target=lambda: replies.append(post(port, "/api/embed", body)))
    thread.start()
    return thread, replies


def test_a_request_beyond_the_waiting_limit_is_refused_with_the_exact_text(gated, serve):
    engine, gate, _ = gated
    server = serve(over=engine)
    first = background(server.port, "running")
    assert gate.entered.wait(60)
    waiting = [background(server.port, f"waiting {i}") for i in range(2)]
    until(lambda: engine._active == 3)
    for path, error in (("/api/embed", {"error": BUSY}), ("/v1/embeddings", None)):
        refused = post(server.port, path, {"model": "g", "input": "one too many"})
        assert refused.status == 503
        assert refused.headers["retry-after"] == "1"
        assert error is None or refused.json() == error
    gate.open()
    for thread, replies in [first, *waiting]:
        thread.join(60)
        assert [reply.status for reply in replies] == [200]
    assert post(server.port, "/api/embed", {"model": "g", "input": "afterwards"}).status == 200


def test_requests_that_wait_share_one_batch(gated, serve):
    engine, gate, encoder = gated
    server = serve(over=engine)
    first = background(server.port, "first")
    assert gate.entered.wait(60)
    others = [background(server.port, f"text {i}", f"more {i}") for i in range(2)]
    until(lambda: engine.loaded()[0][1].scheduler.stats().waiting_texts == 4)
    gate.open()
    for thread, replies in [first, *others]:
        thread.join(60)
        assert replies[0].status == 200
    assert [len(batch) for batch in encoder[0].batches] == [1, 4]


def test_many_requests_at_once_are_all_answered_right(engine, serve):
    server = serve()
    texts = [f"text number {i}" for i in range(200)]
    expected = engine.embed(texts, model="hashing").vectors

    def ask(text):
        return post(server.port, "/api/embed", {"model": "hashing", "input": text})

    with ThreadPoolExecutor(32) as threads:
        replies = list(threads.map(ask, texts))
    assert {reply.status for reply in replies} == {200}
    np.testing.assert_allclose(np.concatenate([reply.vectors() for reply in replies]), expected, atol=1e-6)


def test_more_inputs_than_the_limit_are_refused_before_any_work(serve, tmp_path):
    engine = engine_of(tmp_path, {"w": Watched})
    server = serve({"max_inputs": 10}, over=engine)
    for path in ("/api/embed", "/v1/embeddings"):
        assert post(server.port, path, {"model": "w", "input": ["a"] * 11}).status == 413
    assert engine.catalog.opened == []
    assert post(server.port, "/api/embed", {"model": "w", "input": ["a"] * 10}).status == 200
    engine.close()


@pytest.mark.deep
def test_far_too_many_inputs_are_refused_and_the_next_request_is_answered(serve):
    server, count = serve(), much(100_000, 1_000_000)
    refused = post(server.port, "/api/embed", {"model": "hashing", "input": ["a"] * count})
    assert (refused.status, refused.json()) == (413, {"error": f"{count} inputs in one request; the limit is 32768"})
    assert post(server.port, "/api/embed", {"model": "hashing", "input": "a"}).status == 200
