"""Real servers on real sockets, over one engine with the packaged weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from embedingest.config import EngineConfig, ModelConfig, ServerConfig
from embedingest.engine.local import LocalEngine
from embedingest.server import half_closed
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer
from tests.engine.doubles import Gate
from tests.engine.shelf import Watched, engine_of

Serve = Callable[..., HttpServer]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    """`all-minilm`, `hashing`, and `long`: a weightless model with a window of 8192 tokens."""
    models = {"long": ModelConfig(encoder="hashing", max_tokens=8192)}
    engine = LocalEngine(EngineConfig(), models, data=tmp_path_factory.mktemp("data"))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def minilm(engine: LocalEngine) -> None:
    """On a machine that never ran it, it is compiled first, for longer than a client of the tests waits."""
    engine.embed(["text"], model="all-minilm")


@pytest.fixture(autouse=True)
def _weights_are_compiled(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("weights"):
        request.getfixturevalue("minilm")


@pytest.fixture(scope="session")
def serve(engine: LocalEngine) -> Iterator[Serve]:
    """Starts a server with these settings, once for each; over another engine if one is given."""
    running: dict[str, HttpServer] = {}

    def start(settings: dict[str, Any] | None = None, over: LocalEngine | None = None) -> HttpServer:
        key = json.dumps([settings or {}, id(over)], sort_keys=True)
        if key not in running:
            config = ServerConfig.model_validate({"port": 0, **(settings or {})})
            running[key] = HttpServer(create_app(over or engine, config), config)
            running[key].start()
        return running[key]

    yield start
    with ThreadPoolExecutor() as threads:
        list(threads.map(HttpServer.stop, running.values()))


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def encoders():
    return []


@pytest.fixture
def gated_engine(tmp_path, gate, encoders):
    """Model `g` stops at its first batch until the gate opens; model `slow` stops while it is loaded."""

    def gated():
        encoders.append(Watched(gate))
        return encoders[-1]

    def slow():
        gate([])
        return Watched()

    engine = engine_of(tmp_path, {"g": gated, "slow": slow})
    yield engine
    gate.open()
    engine.close()


@pytest.fixture
def gated_server(gated_engine):
    settings = ServerConfig(port=0)
    server = HttpServer(create_app(gated_engine, settings), settings)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def soon(monkeypatch):
    """Who ended its side is asked at once, and often."""
    for name in ("SHORT_SECONDS", "PERIOD_SECONDS", "_REPLY_SECONDS"):
        monkeypatch.setattr(half_closed, name, 0.02)
    monkeypatch.setattr(half_closed, "OLD_SECONDS", 0.1)
