"""Weights for tokens over HTTP, as TEI spells them; what sparse and late interaction models refuse. No meaning in them."""

from __future__ import annotations

import pytest

from embedingest import EngineConfig, ModelConfig
from embedingest.engine.local import LocalEngine
from tests.engine import seconds
from tests.server.client import get, post

TEXTS = ["the sky is blue", "", "a cat sat on warm roof"]


@pytest.fixture(scope="module")
def weighing(tmp_path_factory):
    place = tmp_path_factory.mktemp("seconds")
    folders = {"s": seconds.sparse("bert", place / "s"), "c": seconds.pylate("bert", place / "c")}
    models = {name: ModelConfig(path=path, device="cpu") for name, path in folders.items()}
    with LocalEngine(EngineConfig(), models) as engine:
        yield engine


@pytest.fixture
def port(serve, weighing) -> int:
    return serve(over=weighing).port


def test_each_text_has_its_tokens_and_weights_without_naming_a_model(port, weighing) -> None:
    due = weighing.embed_sparse(TEXTS, model="s", role="document")
    lists = post(port, "/embed_sparse", {"inputs": TEXTS}).json()
    assert len(lists) == len(TEXTS)
    for pairs, start, end in zip(lists, due.offsets, due.offsets[1:], strict=False):
        assert [pair["index"] for pair in pairs] == due.tokens[start:end].tolist()
        assert [pair["value"] for pair in pairs] == pytest.approx(due.weights[start:end].tolist(), abs=1e-6)
    asked = {"inputs": TEXTS[0], "model": "s", "prompt_name": "query"}
    assert post(port, "/embed_sparse", asked).json() == lists[:1]


def test_a_text_that_is_too_long_is_refused_unless_it_may_be_cut(port) -> None:
    long = {"inputs": ["rain", "rain " * 80]}
    refused = post(port, "/embed_sparse", long)
    assert (refused.status, refused.json()["index"]) == (400, 1)
    assert post(port, "/embed_sparse", long | {"truncate": True}).status == 200


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/embed_sparse", {"inputs": 7}, 'field \\"inputs\\" must be'),
        ("/embed_sparse", {"inputs": ["a", None]}, 'field \\"inputs\\" must be'),
        ("/embed_sparse", {"inputs": ["a"], "model": "c"}, "model c:latest is a late interaction model"),
        ("/api/embed", {"model": "s", "input": "a"}, "model s:latest is a sparse model"),
        ("/api/embed", {"model": "c", "input": "a"}, "model c:latest is a late interaction model"),
        ("/api/rerank", {"model": "s", "query": "a", "documents": ["b"]}, "model s:latest is a sparse model"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(port, path, body, said) -> None:
    refused = post(port, path, body)
    assert refused.status == 400
    assert said in refused.body.decode()


def test_a_late_interaction_model_reranks_over_http(port, weighing) -> None:
    due = weighing.rerank("the sky", TEXTS, model="c")
    results = post(port, "/api/rerank", {"model": "c", "query": "the sky", "documents": TEXTS}).json()["results"]
    assert [result["index"] for result in results] == due.order


def test_each_is_told_by_its_kind(port) -> None:
    told = {model["name"]: model["capabilities"] for model in get(port, "/api/tags").json()["models"]}
    assert (told["s:latest"], told["c:latest"]) == (["sparse"], ["late"])
    shown = post(port, "/api/show", {"model": "s"}).json()
    assert shown["capabilities"] == ["sparse"]
    assert "bert.embedding_length" not in shown["model_info"]
