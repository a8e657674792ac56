"""An engine of a stranger, which has the seam and nothing more, is served as ours is."""

from __future__ import annotations

import numpy as np
import pytest

from embedingest.config import ServerConfig
from embedingest.engine.engine import Engine
from embedingest.errors import ConfigError
from embedingest.server.app import create_app
from tests.server.client import get, post

SEAM = ("embed", "aembed", "describe", "sizer", "models", "close")


class Stranger:
    """The seam over our engine; the rest of it is out of reach."""

    def __init__(self, engine):
        for name in SEAM:
            setattr(self, name, getattr(engine, name))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@pytest.fixture(scope="module")
def stranger(engine):
    return Stranger(engine)


@pytest.fixture(scope="module")
def port(serve, stranger):
    return serve({}, stranger).port


def test_the_seam_is_all_a_stranger_has(stranger):
    assert isinstance(stranger, Engine)
    assert not hasattr(stranger, "running")


def test_it_embeds_over_both_wires(port, engine):
    expected = engine.embed(["a text"], model="hashing").vectors[0]
    for path, body in (("/api/embed", {"input": "a text"}), ("/v1/embeddings", {"input": "a text"})):
        answer = post(port, path, {"model": "hashing", **body}).json()
        vector = answer["embeddings"][0] if path == "/api/embed" else answer["data"][0]["embedding"]
        assert np.allclose(vector, expected, atol=1e-6)


def test_it_is_listed_and_shown_and_nothing_is_in_memory_here(port):
    assert "hashing:latest" in [model["name"] for model in get(port, "/api/tags").json()["models"]]
    assert post(port, "/api/show", {"model": "hashing"}).json()["capabilities"] == ["embedding"]
    assert get(port, "/api/ps").json() == {"models": []}
    assert get(port, "/healthz").status == 200
    assert b"embedingest_loaded_models 0" in get(port, "/metrics").body


def test_a_model_it_does_not_know_is_404(port):
    assert post(port, "/api/embed", {"model": "nobody", "input": "x"}).status == 404


def test_unloading_reaches_it(port):
    assert post(port, "/api/generate", {"model": "hashing", "keep_alive": 0}).json()["done_reason"] == "unload"


@pytest.mark.parametrize(("path", "body"), [("/api/tokenize", {"content": "x"}), ("/api/detokenize", {"tokens": [1]})])
def test_what_only_the_owner_of_the_weights_knows_is_said_to_be_elsewhere(port, path, body):
    refused = post(port, path, {"model": "hashing", **body})
    assert refused.status == 501
    assert "ask the server that has the model" in refused.json()["error"]


def test_what_is_no_engine_is_not_served():
    with pytest.raises(ConfigError, match="object cannot be served"):
        create_app(object(), ServerConfig(port=0))
