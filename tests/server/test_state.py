"""Clients that leave: nothing is computed for them any more."""

from __future__ import annotations

import pytest

from tests.server.client import connect, get, post, raw_request
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("soon")


def test_a_client_that_leaves_costs_nothing_more(gated_server, gated_engine, gate, encoders):
    first = connect(gated_server.port)
    first.sendall(raw_request({"model": "g", "input": "first"}))
    assert gate.entered.wait(60)
    leaving = connect(gated_server.port)
    leaving.sendall(raw_request({"model": "g", "input": ["never", "asked"]}))
    until(lambda: gated_engine.loaded()[0][1].scheduler.stats().waiting_texts == 2)
    leaving.close()
    until(lambda: gated_engine._active == 1)
    gate.open()
    assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
    first.close()
    assert encoders[0].batches == [["first"]]
    assert "embedingest_cancelled_total 1" in get(gated_server.port, "/metrics").body.decode()


def test_a_client_that_leaves_while_the_model_loads_frees_its_place(gated_server, gated_engine, gate):
    leaving = connect(gated_server.port)
    leaving.sendall(raw_request({"model": "slow", "input": "x"}))
    assert gate.entered.wait(60)
    leaving.close()
    until(lambda: gated_engine._active == 0)
    gate.open()
    assert post(gated_server.port, "/api/embed", {"model": "slow", "input": "x"}).status == 200
    assert [model.users for _, model in gated_engine.loaded()] == [0]
