"""Embedding over HTTP: failures that name their text, prompts that are chosen, tokens."""

from __future__ import annotations

import re

import pytest

from tests.engine.shelf import Poisoned, Watched, engine_of
from tests.server.client import get, post

PROMPTS = {"query": "ask: ", "document": "say: ", "title": "title: "}


@pytest.fixture
def poisoned(tmp_path, serve):
    engine = engine_of(tmp_path, {"p": Poisoned})
    yield serve(over=engine).port
    engine.close()


@pytest.mark.parametrize("path", ["/api/embed", "/v1/embeddings"])
def test_a_text_that_makes_the_model_fail_is_a_500_with_its_index(poisoned, path):
    failed = post(poisoned, path, {"model": "p", "input": ["a", "poison", "b"]})
    assert failed.status == 500
    error = failed.json()["error"] if path.startswith("/v1/") else failed.json()
    assert error["index"] == 1
    assert "makes the model fail" in str(error)
    assert post(poisoned, path, {"model": "p", "input": ["a", "b"]}).status == 200
    assert get(poisoned, "/healthz").status == 200


def test_nan_is_a_500_that_names_the_text(poisoned):
    failed = post(poisoned, "/api/embed", {"model": "p", "input": ["a", "b", "nan"]})
    assert failed.status == 500
    assert failed.json()["index"] == 2
    assert "NaN" in failed.json()["error"]


@pytest.fixture
def prompted(tmp_path, serve):
    engine = engine_of(tmp_path, {"m": Watched}, prompts={"m": PROMPTS})
    yield serve(over=engine).port
    engine.close()


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ({"prompt_name": "query"}, "ask: x y"),
        ({"prompt_name": "title"}, "title: x y"),
        ({"input_type": "query"}, "ask: x y"),
        ({"input_type": "document"}, "say: x y"),
        ({"input_type": "search_document"}, "say: x y"),
        ({"model": "m:query"}, "ask: x y"),
        ({"model": "m:document"}, "say: x y"),
        ({"model": "m:query", "prompt_name": "document"}, "say: x y"),
        ({}, "x y"),
    ],
)
def test_a_prompt_is_chosen_by_a_field_or_by_the_name(prompted, choice, written):
    for path in ("/api/embed", "/v1/embeddings"):
        chosen = post(prompted, path, {"model": "m", "input": "x y", **choice})
        plain = post(prompted, path, {"model": "m", "input": written})
        assert chosen.status == 200
        assert chosen.vectors().tolist() == plain.vectors().tolist()


@pytest.mark.parametrize(
    ("choice", "message"),
    [({"prompt_name": "nope"}, "document, query, title"), ({"input_type": "image"}, "query or document")],
)
def test_a_prompt_that_is_not_there_is_refused_and_not_left_out(prompted, choice, message):
    refused = post(prompted, "/api/embed", {"model": "m", "input": "x", **choice})
    assert refused.status == 400
    assert message in refused.json()["error"]


def test_a_role_of_a_model_without_prompts_is_the_plain_text(serve):
    port = serve().port
    plain, role = (post(port, "/api/embed", {"model": m, "input": "x"}) for m in ("hashing", "hashing:query"))
    assert role.json()["model"] == "hashing:query"
    assert role.vectors().tolist() == plain.vectors().tolist()


def test_tokens_of_one_text_or_of_several_and_back(serve):
    port = serve().port
    one = post(port, "/api/tokenize", {"model": "hashing", "content": "why not"}).json()
    assert one["count"] == len(one["tokens"]) == 2
    several = post(port, "/api/tokenize", {"model": "hashing", "input": ["why not", "x"]}).json()
    assert several["tokens"] == [one["tokens"], several["tokens"][1]]
    back = post(port, "/api/detokenize", {"model": "hashing", "tokens": one["tokens"]}).json()
    assert back == {"model": "hashing", "content": "why not"}
    for bad in ([-1], ["x"], [True], None, [2**63], [511]):
        assert post(port, "/api/detokenize", {"model": "hashing", "tokens": bad}).status == 400


def test_answers_say_where_the_time_went_and_which_fingerprint_it_is(serve):
    answer = post(serve().port, "/api/embed", {"model": "hashing", "input": "x"})
    assert re.fullmatch(r"(\w+;dur=\d+\.\d+(, )?){4}", answer.headers["server-timing"])
    assert answer.headers["x-embedding-fingerprint"] == "hashing-1-256:exact"


def test_the_older_form_takes_a_prompt_by_name(prompted):
    plain = post(prompted, "/api/embed", {"model": "m", "input": "title: x", "prompt_name": "query"})
    named = post(prompted, "/api/embeddings", {"model": "m", "prompt": "title: x", "prompt_name": "query"})
    typed = post(prompted, "/api/embeddings", {"model": "m", "prompt": "title: x", "input_type": "search_query"})
    for reply in (named, typed):
        assert reply.status == 200
        assert float(plain.vectors()[0] @ reply.vectors()[0]) > 0.9999
    refused = post(prompted, "/api/embeddings", {"model": "m", "prompt": "x", "prompt_name": "nothing"})
    assert refused.status == 400
    assert "query" in refused.json()["error"]


def test_a_refusal_repeats_little_of_what_was_sent(serve):
    port = serve().port
    for body in ({"model": "/" * 2**20}, {"model": "m" * 2**20}, {"model": "hashing", "prompt_name": "<" * 2**20}):
        refused = post(port, "/api/embed", {**body, "input": "text"})
        assert refused.status == 400
        assert len(refused.json()["error"]) < 2100


@pytest.mark.parametrize("content", ["", "word", "word " * 60_000, [], [""], ["a b", "", "c" * 100_000]])
def test_tokens_are_written_as_json_however_many_there_are(serve, content):
    answer = post(serve().port, "/api/tokenize", {"model": "hashing", "content": content}).json()
    lists = [answer["tokens"]] if isinstance(content, str) else answer["tokens"]
    assert len(lists) == (1 if isinstance(content, str) else len(content))
    assert answer["count"] == sum(map(len, lists))
    if content == "word " * 60_000:
        assert len(set(answer["tokens"])) == 1
        assert answer["count"] == 60_000


def test_more_tokens_than_are_spelled_out_at_once_are_refused(serve):
    refused = post(serve().port, "/api/detokenize", {"model": "hashing", "tokens": [1] * (2**17 + 1)})
    assert (refused.status, "the limit is 131072" in refused.json()["error"]) == (413, True)


def test_more_text_than_is_tokenised_whole_at_once_is_refused(serve):
    refused = post(serve().port, "/api/tokenize", {"model": "hashing", "content": ["x" * 2**21] * 3})
    assert (refused.status, "the limit is 4194304" in refused.json()["error"]) == (413, True)
