"""A model that embeds queries and documents by different modules, over HTTP: the request's role chooses."""

from __future__ import annotations

import pytest

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.local import LocalEngine
from tests.engine import routed
from tests.server.client import get, post
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine_of_tables(tmp_path_factory):
    place = tmp_path_factory.mktemp("routed")
    settings = ModelConfig(path=routed.save("tables", place / "tables"))
    with LocalEngine(EngineConfig(), {"m": settings, "other": settings}, data=place) as engine:
        yield engine


@pytest.fixture
def port(engine_of_tables, serve):
    return serve(over=engine_of_tables).port


def embedded(port, path="/api/embed", **body):
    answer = post(port, path, {"model": "m", "input": "sky", "prompt": "sky", **body})
    assert answer.status == 200, answer.json()
    said = answer.json()
    return said["data"][0]["embedding"] if "data" in said else said.get("embedding") or said["embeddings"][0]


ASKS = [{"input_type": "query"}, {"input_type": "search_query"}, {"prompt_name": "query"}, {"model": "m:query"}]


@pytest.mark.parametrize("path", ["/api/embed", "/v1/embeddings", "/api/embeddings"])
def test_the_role_of_a_request_chooses_the_modules_and_the_prompt(path, port, engine_of_tables):
    found = {role: engine_of_tables.embed(["sky"], model=f"m:{role}").vectors[0] for role in ("query", "document")}
    for ask in ASKS:
        assert embedded(port, path, **ask) == pytest.approx(found["query"].tolist(), abs=1e-6)
    assert embedded(port, path, input_type="document") != embedded(port, path, input_type="query")


def test_a_request_of_no_role_is_a_400_that_says_how_to_give_one(port):
    refused = post(port, "/api/embed", {"model": "m", "input": "sky"})
    assert refused.status == 400
    assert "input_type" in refused.json()["error"]
    assert "/" not in refused.json()["error"].replace("`MODEL:query`", "")  # no path of this machine


def test_a_model_is_loaded_and_unloaded_without_a_role(port):
    assert post(port, "/api/embed", {"model": "m", "input": []}).status == 200
    assert post(port, "/api/embed", {"model": "m", "input": [], "keep_alive": 0}).status == 200
    assert post(port, "/api/show", {"model": "m"}).json()["model_info"]["embedingest.routes"].keys() == {
        "query",
        "document",
    }


def test_a_model_that_is_loaded_beforehand_is_loaded_for_every_role(engine_of_tables, serve):
    engine_of_tables.unload("m")
    port = serve({"preload": ["m"]}, over=engine_of_tables).port
    names = until(lambda: get(port, "/readyz").status == 200) and {
        model["name"] for model in get(port, "/api/ps").json()["models"]
    }
    assert {"m:query", "m:document"} <= names


def test_a_model_that_is_allowed_is_allowed_in_every_role(engine_of_tables, serve):
    port = serve({"allow_models": ["m"]}, over=engine_of_tables).port
    embedded(port, model="m:query")
    embedded(port, input_type="document")
    assert {"m:query", "m:document"} <= {model["name"] for model in get(port, "/api/ps").json()["models"]}
    assert post(port, "/api/embed", {"model": "other:query", "input": "sky"}).status == 404
