"""A stop: what was accepted is answered or told why not, nobody holds the server up, nothing is logged as a failure."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager

import pytest

from embedingest.config import EngineConfig, ServerConfig
from embedingest.server import lifecycle, protocol
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer
from tests.server.client import answers, connect, raw_request, read_to_end
from tests.server.routes.test_pulls import Downloading
from tests.server.test_connection import LARGE
from tests.waiting import until


@contextmanager
def stopping(server):
    """While inside, the server is on its way to stop; afterwards it has."""
    server.begin_stop()
    until(server._app.server_state.stop.is_set)
    yield
    server.stop()


def all_of(client):
    with client:
        return read_to_end(client)


def test_what_cannot_be_answered_in_time_gets_503(gated_server, gate, monkeypatch, caplog):
    monkeypatch.setattr(lifecycle, "_ANSWER_SECONDS", 0.3)
    clients = [connect(gated_server.port) for _ in range(2)]
    clients[0].sendall(raw_request({"model": "g", "input": "first"}))
    assert gate.entered.wait(60)
    clients[1].sendall(raw_request({"model": "g", "input": ["second"] * 500}, "/v1/embeddings"))
    until(lambda: len(gated_server._server.server_state.tasks) == 2)
    with caplog.at_level(logging.WARNING), stopping(gated_server):
        answers = [all_of(client) for client in clients]
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"the server is stopping" in answer
        assert b"x-content-type-options: nosniff" in answer
    assert b'"error":{"message"' in answers[1]
    assert not caplog.records


def test_who_sends_half_a_request_gets_503_and_holds_nobody_up(gated_server, monkeypatch):
    monkeypatch.setattr(protocol, "_STOP_READ_SECONDS", 0.2)
    request = raw_request({"model": "hashing", "input": "text"})
    clients = [connect(gated_server.port) for _ in range(2)]
    clients[0].sendall(request[:20])
    clients[1].sendall(request[:-3])
    until(lambda: {one._phase for one in gated_server._server.server_state.connections} == {"head", "body"})
    with stopping(gated_server):
        for client in clients:
            assert all_of(client).startswith(b"HTTP/1.1 503 ")


def test_a_request_on_its_way_when_a_stop_begins_is_answered(gated_server, monkeypatch):
    monkeypatch.setattr(protocol, "_STOP_IDLE_SECONDS", 5.0)
    kept, fresh = connect(gated_server.port), connect(gated_server.port)
    kept.sendall(raw_request({"model": "hashing"}))
    assert answers(kept, 1) == [200]
    until(lambda: len(gated_server._server.server_state.connections) == 2)
    with stopping(gated_server):
        for client in (kept, fresh):
            client.sendall(raw_request({"model": "hashing", "input": "text"}))
            answer = all_of(client)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"connection: close" in answer


def test_a_client_that_takes_nothing_holds_no_stop_up(gated_server, monkeypatch):
    monkeypatch.setattr(protocol, "_STOP_WRITE_SECONDS", 0.2)
    client = connect(gated_server.port)
    client.sendall(raw_request(LARGE, "/v1/embeddings"))
    held = gated_server._app.server_state.answers
    until(lambda: any(one.transport.get_write_buffer_size() for one in gated_server._server.server_state.connections))
    with stopping(gated_server):
        until(lambda: held.bytes == 0)
    client.close()


@pytest.mark.parametrize("stream", [True, False])
def test_a_download_ends_with_a_stop(tmp_path, stream, caplog):
    settings = ServerConfig(port=0, allow_pull=True)
    engine = Downloading(EngineConfig(), data=tmp_path)
    server = HttpServer(create_app(engine, settings), settings)
    server.start()
    client = connect(server.port)
    client.sendall(raw_request({"model": "owner/name", "stream": stream}, "/api/pull"))
    until(lambda: engine.started)
    with caplog.at_level(logging.WARNING), stopping(server):
        answer = all_of(client)
    engine.let_go.set()
    until(lambda: engine.closed)
    engine.close()
    assert b"the server is stopping" in answer
    assert answer.startswith(b"HTTP/1.1 200 " if stream else b"HTTP/1.1 503 ")
    assert not caplog.records


def test_it_begins_to_stop_with_the_event_that_it_was_given(gated_engine):
    settings = ServerConfig(port=0)
    server, until_set = HttpServer(create_app(gated_engine, settings), settings), threading.Event()
    server.start(until_set)
    until_set.set()
    server.wait()
    assert server._app.server_state.stop.is_set()
    server.stop()
