"""Clients that leave, and a server that stops: nothing is computed for nobody, nothing accepted is lost."""

from __future__ import annotations

import threading

import pytest

from embedingest.config import ServerConfig
from embedingest.errors import ConfigError
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer
from tests.engine.doubles import Gate
from tests.engine.shelf import Watched, engine_of
from tests.server.client import connect, get, post, raw_request
from tests.waiting import until


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def made():
    return []


@pytest.fixture
def engine(tmp_path, gate, made):
    """Model `g` stops at its first batch until the gate opens; model `slow` stops while it is loaded."""

    def gated():
        made.append(Watched(gate))
        return made[0]

    def slow():
        gate([])
        return Watched()

    engine = engine_of(tmp_path, {"g": gated, "slow": slow})
    yield engine
    gate.open()
    engine.close()


@pytest.fixture
def server(engine):
    settings = ServerConfig(port=0)
    server = HttpServer(create_app(engine, settings), settings)
    server.start()
    yield server
    server.stop()


def test_a_client_that_leaves_costs_nothing_more(server, engine, gate, made):
    first = connect(server.port)
    first.sendall(raw_request({"model": "g", "input": "first"}))
    assert gate.entered.wait(10)
    leaving = connect(server.port)
    leaving.sendall(raw_request({"model": "g", "input": ["never", "asked"]}))
    until(lambda: engine.loaded()[0].scheduler.stats().waiting_texts == 2)
    leaving.close()
    until(lambda: engine._active == 1)
    gate.open()
    assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
    first.close()
    assert made[0].batches == [["first"]]
    assert "embedingest_cancelled_total 1" in get(server.port, "/metrics").body.decode()


def test_a_client_that_leaves_while_the_model_loads_frees_its_place(server, engine, gate):
    leaving = connect(server.port)
    leaving.sendall(raw_request({"model": "slow", "input": "x"}))
    assert gate.entered.wait(10)
    leaving.close()
    until(lambda: engine._active == 0)
    gate.open()
    assert post(server.port, "/api/embed", {"model": "slow", "input": "x"}).status == 200
    assert [model.users for model in engine.loaded()] == [0]


def test_a_stop_finishes_what_was_accepted_and_refuses_the_rest(server, gate):
    accepted = connect(server.port)
    accepted.sendall(raw_request({"model": "g", "input": "first"}))
    assert gate.entered.wait(10)
    port = server.port
    stopping = threading.Thread(target=server.stop)
    stopping.start()

    def refused():
        try:
            connect(port).close()
        except OSError:
            return True
        return False

    until(refused)
    gate.open()
    assert accepted.recv(1000).startswith(b"HTTP/1.1 200 ")
    accepted.close()
    stopping.join(10)
    assert not stopping.is_alive()


def test_a_port_that_is_taken_is_said_before_any_model_loads(server, engine):
    settings = ServerConfig(port=server.port)
    with pytest.raises(ConfigError, match=f"port {server.port} on 127.0.0.1 is taken, often by Ollama") as refused:
        HttpServer(create_app(engine, settings), settings)
    assert "--port" in str(refused.value)


def test_a_host_that_is_not_here_is_said(engine):
    settings = ServerConfig(host="203.0.113.1", port=0)
    with pytest.raises(ConfigError, match=r"203\.0\.113\.1"):
        HttpServer(create_app(engine, settings), settings)


def test_a_stopped_port_can_be_taken_again_at_once(engine):
    settings = ServerConfig(port=0)
    first = HttpServer(create_app(engine, settings), settings)
    first.start()
    get(first.port, "/")
    port = first.port
    first.stop()
    second = HttpServer(create_app(engine, ServerConfig(port=port)), ServerConfig(port=port))
    second.start()
    assert get(port, "/").status == 200
    second.stop()
