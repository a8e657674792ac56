"""What one short query makes of the server: how often it is handed over and written; figures of time are in `benchmarks`."""

from __future__ import annotations

import time

import pytest

from embedingest.config import EngineConfig
from embedingest.engine.local import LocalEngine
from tests.server.client import answers, connect, connection_of, raw_request
from tests.waiting import until

TEXTS = {"one text": "a short query", "some texts": ["a short query", "and another"]}


class Count:
    """Calls a method of an object, and counts how often."""

    def __init__(self, monkeypatch, holder, name):
        self.times = 0
        self._method = getattr(holder, name)
        monkeypatch.setattr(holder, name, self)

    def __call__(self, *args, **keywords):
        self.times += 1
        return self._method(*args, **keywords)


@pytest.mark.parametrize("kind", TEXTS)
def test_a_query_is_one_task_handed_over_once_and_written_once(serve, monkeypatch, kind):
    server = serve({"max_inputs": 77})
    (loop,) = {listener.get_loop() for listener in server._server.servers}
    with connect(server.port) as client:
        client.sendall(raw_request({"model": "hashing", "input": f"first, {kind}"}))
        assert answers(client, 1) == [200]
        connection = connection_of(server, client)
        tasks = Count(monkeypatch, loop, "create_task")
        wakes = Count(monkeypatch, loop, "call_soon_threadsafe")
        writes = Count(monkeypatch, connection.transport, "write")
        client.sendall(raw_request({"model": "hashing", "input": TEXTS[kind]}))
        assert answers(client, 1) == [200]
    assert (tasks.times, wakes.times, writes.times) == (1, 1, 1)


def test_what_is_in_memory_is_answered_without_another_thread(serve, monkeypatch):
    server = serve({"max_inputs": 77})
    (loop,) = {listener.get_loop() for listener in server._server.servers}
    with connect(server.port) as client:
        asked = raw_request({"model": "hashing", "input": "asked again"})
        client.sendall(asked)
        assert answers(client, 1) == [200]
        wakes = Count(monkeypatch, loop, "call_soon_threadsafe")
        client.sendall(asked)
        assert answers(client, 1) == [200]
    assert wakes.times == 0


def test_a_model_in_use_does_not_wake_who_lets_models_go(tmp_path, monkeypatch):
    with LocalEngine(EngineConfig(keep_alive=60), data=tmp_path) as engine:
        engine.embed(["first"], model="hashing")
        pool = engine._pool
        until(lambda: pool._wakes_at <= time.monotonic() + 60)
        wakes = Count(monkeypatch, pool._changed, "notify_all")
        engine.embed(["second"], model="hashing")
        assert wakes.times == 0
