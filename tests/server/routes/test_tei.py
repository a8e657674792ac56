"""What TEI's clients ask of a server with one model: `/info`, and vectors by `/embed`. The reranker's weights are random."""

from __future__ import annotations

import numpy as np
import pytest

import embedingest
from embedingest import EngineConfig, ModelConfig
from embedingest.engine.local import LocalEngine
from tests.engine import cross, seconds
from tests.server.client import get, post

WHOLE = {
    "max_concurrent_requests",
    "max_input_length",
    "max_batch_tokens",
    "max_client_batch_size",
    "tokenization_workers",
}
FIELDS = WHOLE | {
    *("model_id", "model_sha", "model_dtype", "served_model_name", "model_type", "max_batch_requests", "auto_truncate"),
    *("version", "sha", "docker_label"),
}


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    place = tmp_path_factory.mktemp("several")
    models = {
        "r": ModelConfig(path=cross.save("bert", place / "r"), device="cpu", encoder="sentence-transformers"),
        "s": ModelConfig(path=seconds.sparse("bert", place / "s"), device="cpu"),
        "c": ModelConfig(path=seconds.pylate("bert", place / "c"), device="cpu"),
    }
    with LocalEngine(EngineConfig(threads=3, max_waiting=7), models) as engine:
        yield engine


@pytest.fixture
def port(serve, several) -> int:
    return serve({"max_inputs": 5, "context_length": 100}, over=several).port


def told(port, model=""):
    answer = get(port, f"/info?model={model}" if model else "/info")
    assert answer.status == 200, answer.body
    return answer.json()


def test_info_tells_the_model_and_what_the_server_takes(port, several) -> None:
    info = told(port)
    assert set(info) == FIELDS
    assert all(type(info[name]) is int for name in WHOLE)
    assert (info["model_id"], info["model_type"]) == ("all-minilm:latest", {"embedding": {"pooling": "mean"}})
    assert info["model_sha"] == several.describe("all-minilm").digest
    limits = [info[name] for name in ("max_concurrent_requests", "max_client_batch_size", "max_input_length")]
    assert limits == [7, 5, 100]
    assert (info["tokenization_workers"], info["version"]) == (3, embedingest.__version__)
    assert [info[name] for name in ("max_batch_requests", "sha", "docker_label")] == [None, None, None]


@pytest.mark.parametrize(
    ("model", "kind", "cuts"),
    [
        ("r", {"reranker": {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}}, True),
        ("s", {"embedding": {"pooling": "splade"}}, False),
        ("c", {"embedding": {"pooling": "none"}}, False),
    ],
)
def test_info_of_a_named_model_says_of_which_kind_it_is(port, model, kind, cuts) -> None:
    info = told(port, model)
    assert (info["model_id"], info["model_type"], info["auto_truncate"]) == (f"{model}:latest", kind, cuts)


def test_a_model_that_is_allowed_alone_is_meant_whatever_its_kind(serve, several) -> None:
    port = serve({"allow_models": ("r",)}, over=several).port
    assert told(port)["model_id"] == "r:latest"
    refused = post(port, "/embed", {"inputs": "a"})
    assert (refused.status, "of embedding models there is not one alone: none" in refused.json()["error"]) == (
        400,
        True,
    )
    assert get(port, "/info?model=all-minilm").status == 404


def test_info_of_several_models_wants_a_name(serve, tmp_path) -> None:
    with LocalEngine(EngineConfig(), {"long": ModelConfig(encoder="hashing")}) as engine:
        answer = get(serve(over=engine).port, "/info")
    assert answer.status == 400
    assert "of embedding models there is not one alone: all-minilm, long" in answer.json()["error"].replace(
        ":latest", ""
    )


def test_batches_and_precision_are_those_of_the_model_in_memory(serve) -> None:
    with LocalEngine(EngineConfig(batch_tokens=777), {}) as engine:
        port = serve(over=engine).port
        assert told(port, "hashing")["max_batch_tokens"] == engine.describe("hashing").max_tokens
        engine.embed(["a"], model="hashing")
        loaded = told(port, "hashing")
    assert (loaded["max_batch_tokens"], loaded["model_dtype"]) == (777, "float32")


@pytest.mark.weights
def test_embed_answers_the_engines_vectors_without_naming_a_model(port, several) -> None:
    texts = ["why is the sky blue?", "", "a walrus"]
    due = several.embed(texts, model="all-minilm").vectors
    found = np.array(post(port, "/embed", {"inputs": texts, "normalize": True}).json())
    assert np.abs(found - due).max() < 1e-6
    alone = post(port, "/embed", {"inputs": texts[0], "model": "all-minilm"}).json()
    assert np.abs(np.array(alone) - due[:1]).max() < 1e-3
    assert np.array(post(port, "/embed?model=hashing", {"inputs": "x", "dimensions": 8}).json()).shape == (1, 8)
    assert post(port, "/embed", {"inputs": []}).json() == []


def test_a_text_that_is_too_long_is_refused_unless_it_may_be_cut_at_its_end(port) -> None:
    long = {"inputs": ["a", "word " * 9000], "model": "hashing"}
    refused = post(port, "/embed", long)
    assert (refused.status, refused.json()["index"]) == (400, 1)
    assert post(port, "/embed", long | {"truncate": True, "truncation_direction": "Right"}).status == 200
    assert post(port, "/embed", long | {"truncate": True, "truncation_direction": "Left"}).status == 400


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"inputs": 7}, 400, 'field "inputs" must be'),
        ({"inputs": ["a", None]}, 400, 'field "inputs" must be'),
        ({"inputs": "a", "model": "r"}, 400, "is a reranker"),
        ({"inputs": "a", "model": "nope"}, 404, 'model "nope" not found'),
        ({"inputs": ["a"] * 6}, 413, "the limit is 5"),
    ],
)
def test_what_cannot_be_embedded_is_refused_with_the_reason(port, body, status, said) -> None:
    refused = post(port, "/embed", body)
    assert (refused.status, said in refused.json()["error"]) == (status, True)
