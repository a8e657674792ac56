"""A real server on a real socket, with the weightless model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedingest.config import EngineConfig, ModelConfig, ServerConfig
from embedingest.engine.local import LocalEngine
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def serve_hashing() -> Iterator[str]:
    """The address of a running server; its model `asking` has a prompt for each role."""
    prompts = {"query": "asked: ", "document": "said: "}
    engine = LocalEngine(EngineConfig(), {"asking": ModelConfig(encoder="hashing", prompts=prompts)})
    settings = ServerConfig(port=0)
    server = HttpServer(create_app(engine, settings), settings)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    engine.close()
