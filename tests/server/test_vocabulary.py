"""Token ids of OpenAI's clients: spelled out where the server was told so, and refused by name where they mean nothing."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import pytest

from embedingest.config import ServerConfig
from embedingest.errors import ConfigError
from embedingest.server import vocabulary as places
from embedingest.server.app import create_app
from embedingest.server.vocabulary import MOST_BYTES, TooLargeError, UnknownTokenError, find_vocabulary
from tests.server.client import post

NAME = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
PUBLISHED = Path(find_spec("llama_index.core").origin).parent / "_static" / "tiktoken_cache" / NAME
"""The published file: a package of the tests brings it."""
NO_CACHE = {"TIKTOKEN_CACHE_DIR": ""}
SKY = [35734, 374, 279, 13180, 6437, 30]
BLANKS = 58040  # 128 of them


@pytest.fixture(scope="module")
def vocabulary():
    return find_vocabulary(NO_CACHE)


@pytest.fixture(scope="module")
def server(serve):
    return serve({"token_ids": "cl100k_base", "max_inputs": 100})


def test_ids_are_spelled_as_tiktoken_spells_them(vocabulary):
    assert vocabulary.texts([SKY, [100276], [8192, 250], [8192]]) == [
        "why is the sky blue?",
        "<|endofprompt|>",
        "夜",
        "�",
    ]


@pytest.mark.parametrize("ids", [[100256], [100261], [100277], [-1], [35734, 2**63]])
def test_an_id_beyond_the_vocabulary_is_named(vocabulary, ids):
    with pytest.raises(UnknownTokenError, match=f"no token {ids[-1]}$"):
        vocabulary.texts([ids])


def test_what_is_spelled_out_is_bounded_for_all_texts_together(vocabulary):
    with pytest.raises(TooLargeError):
        vocabulary.texts([[BLANKS] * 100_000] * (MOST_BYTES // 128 // 100_000 + 1))


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"])
def test_the_cache_of_tiktoken_is_looked_into_first_and_what_lies_there_must_be_the_published_file(
    tmp_path, monkeypatch, variable
):
    monkeypatch.setattr(places, "_PACKAGES", ())
    environ = {variable: str(tmp_path)}
    for damage in (b"", PUBLISHED.read_bytes()[:-1], b"IQ== 0\n", b"x" * 5_000_000):
        (tmp_path / NAME).write_bytes(damage)
        with pytest.raises(ConfigError, match="vocabulary"):
            find_vocabulary(environ)
    (tmp_path / NAME).write_bytes(PUBLISHED.read_bytes())
    assert find_vocabulary(environ).texts([SKY]) == ["why is the sky blue?"]
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).mkdir()
    with pytest.raises(ConfigError, match="vocabulary"):
        find_vocabulary(environ)


def test_a_package_that_brings_the_file_packed_is_enough_and_none_of_its_code_runs(tmp_path, monkeypatch):
    data = tmp_path / "bpe_openai" / "data"
    data.mkdir(parents=True)
    (tmp_path / "bpe_openai" / "__init__.py").write_text("raise SystemExit('it was imported')")
    (data / "cl100k_base.tiktoken.gz").write_bytes(gzip.compress(PUBLISHED.read_bytes(), 1))
    monkeypatch.setattr(places, "_PACKAGES", places._PACKAGES[:1])
    monkeypatch.syspath_prepend(tmp_path)
    assert find_vocabulary(NO_CACHE).texts([SKY]) == ["why is the sky blue?"]
    for damage in (b"\x1f\x8b\x08", gzip.compress(b"a" * 20_000_000)):
        (data / "cl100k_base.tiktoken.gz").write_bytes(damage)
        with pytest.raises(ConfigError):
            find_vocabulary(NO_CACHE)


def test_a_server_that_is_told_to_and_cannot_says_so_before_it_starts(engine, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    monkeypatch.setattr(places, "_PACKAGES", ())
    with pytest.raises(ConfigError, match="token_ids"):
        create_app(engine, ServerConfig(token_ids="cl100k_base"))


def test_ids_give_the_vectors_of_their_texts(server):
    def vectors(given):
        reply = post(server.port, "/v1/embeddings", {"model": "all-minilm", "input": given})
        assert reply.status == 200, reply.body
        return [one["embedding"] for one in reply.json()["data"]], reply.json()["usage"]

    assert vectors(SKY) == vectors("why is the sky blue?")
    assert vectors([SKY, [9906, 1917]]) == vectors(["why is the sky blue?", "Hello world"])


@pytest.mark.parametrize(
    ("given", "status", "word"),
    [
        ([1, 100300], 400, "100300"),
        ([[1], [2**62]], 400, str(2**62)),
        ([[1], []], 400, "invalid input"),
        ([[]], 400, "invalid input"),
        ([1, 2.5], 400, "invalid input"),
        ([True], 400, "invalid input"),
        ([1, "a"], 400, "invalid input"),
        ([[1], "a"], 400, "invalid input"),
        ([[[1]]], 400, "invalid input"),
        ([1, None], 400, "invalid input"),
        ([[1]] * 101, 413, "101"),
    ],
)  # fmt: skip
def test_what_are_no_ids_of_it_or_too_many_is_refused(server, given, status, word):
    reply = post(server.port, "/v1/embeddings", {"model": "all-minilm", "input": given})
    assert (reply.status, word in reply.json()["error"]["message"]) == (status, True), reply.body[:500]


def test_texts_that_are_too_long_once_spelled_out_are_refused(server, monkeypatch):
    monkeypatch.setattr(places, "MOST_BYTES", 1000)
    reply = post(server.port, "/v1/embeddings", {"model": "all-minilm", "input": [[BLANKS] * 7, [BLANKS]]})
    assert (reply.status, "1000 bytes" in reply.json()["error"]["message"]) == (413, True), reply.body


def test_the_calls_of_ollama_know_no_ids(server):
    assert post(server.port, "/api/embed", {"model": "all-minilm", "input": SKY}).status == 400
