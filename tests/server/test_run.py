"""A server that starts and stops: nothing accepted is lost, and a port that cannot be had is an error that names it."""

from __future__ import annotations

import threading

import pytest

from embedingest.config import ServerConfig
from embedingest.errors import ConfigError
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer
from tests.server.client import connect, get, raw_request
from tests.waiting import until


def test_a_stop_finishes_what_was_accepted_and_refuses_the_rest(gated_server, gate):
    accepted = connect(gated_server.port)
    accepted.sendall(raw_request({"model": "g", "input": "first"}))
    assert gate.entered.wait(60)
    port = gated_server.port
    stopping = threading.Thread(target=gated_server.stop)
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
    stopping.join(60)
    assert not stopping.is_alive()


def test_a_port_that_is_taken_is_said_before_any_model_loads(gated_server, gated_engine):
    settings = ServerConfig(port=gated_server.port)
    with pytest.raises(
        ConfigError, match=f"port {gated_server.port} on 127.0.0.1 is taken, often by Ollama"
    ) as refused:
        HttpServer(create_app(gated_engine, settings), settings)
    assert "--port" in str(refused.value)


def test_a_host_that_is_not_here_is_said(gated_engine):
    settings = ServerConfig(host="203.0.113.1", port=0)
    with pytest.raises(ConfigError, match=r"203\.0\.113\.1"):
        HttpServer(create_app(gated_engine, settings), settings)


def test_a_stopped_port_can_be_taken_again_at_once(gated_engine):
    settings = ServerConfig(port=0)
    first = HttpServer(create_app(gated_engine, settings), settings)
    first.start()
    get(first.port, "/")
    port = first.port
    first.stop()
    second = HttpServer(create_app(gated_engine, ServerConfig(port=port)), ServerConfig(port=port))
    second.start()
    assert get(port, "/").status == 200
    second.stop()
