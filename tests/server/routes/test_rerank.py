"""Reranking over HTTP in the spellings of Cohere and Jina and of TEI. The weights are random: no ranking is good here."""

from __future__ import annotations

import math
import shutil
import urllib.request

import pytest

from embedingest import EngineConfig, ModelConfig
from embedingest.engine.local import LocalEngine
from tests.engine import cross
from tests.server.client import get, post

QUERY = "the sky is blue"
DOCUMENTS = ["the sea is blue", "a cat sat on warm roof", "rain " * 80, "light <dark>"]
PATHS = ("/api/rerank", "/rerank", "/v1/rerank", "/v2/rerank")


@pytest.fixture(scope="module")
def reranking(tmp_path_factory):
    folder = cross.save("bert", tmp_path_factory.mktemp("cross") / "r", layout="listed")
    engine = LocalEngine(EngineConfig(), {"r": ModelConfig(path=folder, device="cpu", encoder="sentence-transformers")})
    yield engine
    engine.close()


@pytest.fixture
def port(serve, reranking) -> int:
    return serve(over=reranking).port


@pytest.mark.parametrize("path", PATHS)
def test_results_stand_in_the_order_of_relevance_with_their_index(port, reranking, path) -> None:
    due = reranking.rerank(QUERY, DOCUMENTS, model="r")
    asked = {"model": "r", "query": QUERY, "documents": DOCUMENTS, "return_documents": True}
    answer = post(port, path, asked).json()
    assert [result["index"] for result in answer["results"]] == due.order
    assert [result["relevance_score"] for result in answer["results"]] == pytest.approx(
        sorted(due.scores)[::-1], abs=1e-6
    )
    assert all(result["document"]["text"] == DOCUMENTS[result["index"]] for result in answer["results"])
    assert (answer["model"], answer["usage"]["total_tokens"]) == ("r", due.tokens)
    assert answer["truncated"] == {"count": 1, "inputs": [2]}


def test_documents_may_be_objects_and_results_few(port) -> None:
    asked = {"model": "r", "query": QUERY, "documents": [{"text": text, "id": 7} for text in DOCUMENTS], "top_n": 2}
    results = post(port, "/v1/rerank", asked).json()["results"]
    assert len(results) == 2
    assert set(results[0]) == {"index", "relevance_score"}
    assert post(port, "/v1/rerank", asked | {"documents": []}).json()["results"] == []


def test_tei_gets_a_bare_list_of_sigmoids_or_raw_numbers_without_naming_a_model(port) -> None:
    asked = {"query": QUERY, "texts": DOCUMENTS}
    scores = {item["index"]: item["score"] for item in post(port, "/rerank", asked).json()}
    raw = post(port, "/rerank", asked | {"raw_scores": True, "return_text": True}).json()
    assert [item["score"] for item in raw] == sorted((item["score"] for item in raw), reverse=True)
    for item in raw:
        assert scores[item["index"]] == pytest.approx(1 / (1 + math.exp(-item["score"])), abs=1e-6)
        assert item["text"] == DOCUMENTS[item["index"]]
        assert item.get("truncated", False) == (item["index"] == 2)


def test_two_rerankers_must_be_told_apart(serve, reranking) -> None:
    """A copy of the other server's, so that there are two."""
    path = reranking.describe("r").path
    with LocalEngine(EngineConfig(), {name: ModelConfig(path=path, device="cpu") for name in ("a", "b")}) as engine:
        refused = post(serve(over=engine).port, "/rerank", {"query": QUERY, "texts": DOCUMENTS})
        assert refused.status == 400
        assert "a:latest" in refused.json()["error"]
        assert "b:latest" in refused.json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"documents": ["a"]}, 400, "query"),
        ({"query": "  ", "documents": ["a"]}, 400, "query"),
        ({"query": "q"}, 400, "documents"),
        ({"query": "q", "documents": "a"}, 400, "must be an array of texts, not a string"),
        ({"query": "q", "documents": ["a", 7]}, 400, "a number where a text"),
        ({"query": "q", "documents": [{"title": "a"}]}, 400, "an object where a text"),
        ({"query": "q", "documents": ["a"], "top_n": 0}, 400, "from 1, not 0"),
        ({"query": "q", "documents": ["a"], "model": "nothing"}, 404, "not found"),
        ({"query": "q", "documents": ["a"], "model": "hashing"}, 400, "is an embedding model"),
        ({"query": "q", "documents": ["a", "rain " * 80], "truncate": False}, 400, "document 1 has 80 tokens"),
    ],
)
def test_what_is_wrong_is_said(port, body, status, said) -> None:
    for path in ("/api/rerank", "/v1/rerank"):
        refused = post(port, path, {"model": "r", **body})
        error = refused.json()["error"]
        assert refused.status == status
        assert said in (error["message"] if path.startswith("/v1/") else error)


def test_ten_thousand_documents_of_equal_scores_keep_their_order(serve, reranking) -> None:
    port = serve({"max_inputs": 10_000}, over=reranking).port
    asked = {"model": "r", "query": QUERY, "documents": ["the sea", "light"] * 5_000}
    order = [result["index"] for result in post(port, "/v1/rerank", asked).json()["results"]]
    first = order[0]
    assert order == [*range(first, 10_000, 2), *range(1 - first, 10_000, 2)]


def test_a_document_that_has_no_score_is_named_and_the_others_have_theirs(serve, reranking, tmp_path) -> None:
    folder = shutil.copytree(reranking.describe("r").path, tmp_path / "r")
    cross.overflow(folder, "light")
    settings = ModelConfig(path=folder, device="cpu", encoder="sentence-transformers")
    with LocalEngine(EngineConfig(), {"r": settings}) as engine:
        port = serve(over=engine).port
        asked = {"model": "r", "query": QUERY, "documents": ["the sea", "light"]}
        refused = post(port, "/api/rerank", asked)
        assert refused.status == 500  # as for a vector with NaN
        assert "document 1 with this query: model r:latest gives no score that is a number" in refused.json()["error"]
        assert len(post(port, "/api/rerank", asked | {"documents": ["the sea"]}).json()["results"]) == 1


def test_a_folder_that_is_no_reranker_says_what_it_is(serve, reranking, tmp_path) -> None:
    folder = shutil.copytree(reranking.describe("r").path, tmp_path / "classifier")
    cross.settings(folder, id2label={"0": "joy", "1": "anger"}, label2id={"joy": 0, "anger": 1})
    with LocalEngine(EngineConfig(), {"c": ModelConfig(path=folder, device="cpu")}) as engine:
        refused = post(serve(over=engine).port, "/api/rerank", {"model": "c", "query": QUERY, "documents": DOCUMENTS})
        assert refused.status >= 400
        assert "is a classifier with 2 labels (joy, anger)" in refused.json()["error"]


def test_a_reranker_is_told_as_one_and_gives_no_vectors(port) -> None:
    listed = {model["name"]: model["capabilities"] for model in get(port, "/api/tags").json()["models"]}
    assert (listed["r:latest"], listed["hashing:latest"]) == (["rerank"], ["embedding"])
    assert post(port, "/api/show", {"model": "r"}).json()["capabilities"] == ["rerank"]
    refused = post(port, "/api/embed", {"model": "r", "input": "a"})
    assert (refused.status, "is a reranker" in refused.json()["error"]) == (400, True)


def test_it_needs_the_right_to_embed_unloads_for_nobody_else_and_is_counted_and_described(serve, reranking) -> None:
    port = serve({"max_inputs": 10}, over=reranking).port
    asked = {"model": "r", "query": QUERY, "documents": DOCUMENTS}
    assert post(port, "/rerank", asked | {"keep_alive": 0}, Origin="http://localhost:3000").status == 403
    assert post(port, "/rerank", asked | {"documents": ["a"] * 11}).status == 413
    assert post(port, "/rerank", asked, Origin="http://localhost:3000").status == 200
    keyed = serve({"api_key": "k" * 20}, over=reranking).port
    assert post(keyed, "/rerank", asked).status == 401
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    assert 'embedingest_texts_total{model="r:latest"} 4.0' in page
    assert set(PATHS) <= set(get(port, "/openapi.json").json()["paths"])
