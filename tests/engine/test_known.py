"""Models by the names that people type: Ollama's, the hub's, and what is near one of them."""

from __future__ import annotations

import json
import urllib.request

import pytest

from embedingest.cli._commands import cli
from embedingest.cli._main import run_command
from embedingest.config import EngineConfig, ModelConfig, ServerConfig
from embedingest.engine.catalog import Catalog
from embedingest.engine.known import KNOWN_MODELS, near, repository_of
from embedingest.engine.local import LocalEngine
from embedingest.engine.names import ModelName
from embedingest.engine.vectors import cosines, normalise
from embedingest.errors import ModelNotFoundError
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer
from tests.depth import only_deep
from tests.engine.folder.handmade import BERT, model
from tests.engine.tiny import KINDS, vectors
from tests.hub import running

NOMIC = "nomic-ai/nomic-embed-text-v1.5"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pulled(tmp_path):
    """A data folder with one model under the name of its repository."""
    words = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"}}
    model(tmp_path / "models" / NOMIC, config={**BERT, "model_type": "other", "vocab_size": 2}, tokenizer=words)
    return tmp_path


def test_no_name_stands_for_two_models():
    keys = [ModelName.parse(name).key for known in KNOWN_MODELS for name in (known.repository, *known.names)]
    assert len(keys) == len(set(keys))


def test_another_makers_model_is_near_none_of_ours():
    assert near(ModelName.parse("text-embedding-3-small")) == []
    assert near(ModelName.parse("qwen-embedding"))[0] == "qwen3-embedding"


LIBRARY = """
all-minilm all-minilm:22m all-minilm:33m all-minilm:l6-v2 all-minilm:l12-v2 nomic-embed-text nomic-embed-text:v1.5
nomic-embed-text-v2-moe mxbai-embed-large mxbai-embed-large:335m bge-m3 bge-m3:567m bge-large snowflake-arctic-embed
snowflake-arctic-embed:22m snowflake-arctic-embed:33m snowflake-arctic-embed:110m snowflake-arctic-embed:137m
snowflake-arctic-embed:335m snowflake-arctic-embed:m-long snowflake-arctic-embed2 snowflake-arctic-embed2:568m
granite-embedding granite-embedding:30m granite-embedding:278m embeddinggemma embeddinggemma:300m qwen3-embedding
qwen3-embedding:0.6b qwen3-embedding:4b qwen3-embedding:8b paraphrase-multilingual paraphrase-multilingual:278m
"""


@pytest.mark.parametrize("name", LIBRARY.split())
def test_every_embedding_model_of_ollamas_library_goes_by_its_name(name):
    assert "/" in str(repository_of(ModelName.parse(name)))


def test_every_kind_of_network_in_the_table_is_one_that_the_tests_run():
    kinds = {kind.architecture for kind in KINDS.values()}
    assert {known.architecture for known in KNOWN_MODELS if not known.note} <= kinds


@pytest.mark.parametrize(
    "name",
    ["nomic-embed-text", "Nomic-Embed-Text:v1.5", NOMIC, f"hf.co/{NOMIC}", f"{NOMIC}:latest", "nomic-embed-text:query"],
)
def test_what_was_pulled_answers_to_all_its_names_with_the_prompts_of_the_table(pulled, name):
    info = Catalog({}, data=pulled).describe(name)
    assert info.name == f"{NOMIC}:latest"
    assert (info.prompt("query"), info.prompt("document")) == ("search_query: ", "search_document: ")


def test_what_another_program_pulled_meanwhile_is_found(tmp_path, pulled):
    (tmp_path / "models").rename(tmp_path / "later")
    catalog = Catalog({}, data=tmp_path)
    with pytest.raises(ModelNotFoundError):
        catalog.find("nomic-embed-text")
    (tmp_path / "later").rename(tmp_path / "models")
    assert catalog.describe("nomic-embed-text").name == f"{NOMIC}:latest"


def test_prompts_of_the_repository_and_of_the_settings_come_over_those_of_the_table(pulled):
    (pulled / "models" / NOMIC / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "its own: "}})
    )
    settings = {"nomic-embed-text": ModelConfig(prompts={"document": "mine: "})}
    info = Catalog(settings, data=pulled).describe("nomic-embed-text")
    assert (info.prompt("query"), info.prompt("document")) == ("its own: ", "mine: ")


@pytest.mark.parametrize(
    ("asked", "repository"),
    [
        ("nomic-embed-text:query", NOMIC),
        ("registry.ollama.ai/library/nomic-embed-text:v1.5", NOMIC),
        ("ollama.com/library/nomic-embed-text", NOMIC),
        (f"huggingface.co/{NOMIC}:document", NOMIC),
        ("somebody/their-model", "somebody/their-model"),
        ("somebody/their-model:Q4_K_M", None),
        ("nomic-embed-text:v1", None),
        ("hub.example/somebody/their-model", None),
        ("hf.co/library/nothing", None),
        ("nothing", None),
    ],
)
def test_a_name_asks_for_one_repository_or_for_none(asked, repository):
    assert repository_of(ModelName.parse(asked)) == repository


@pytest.mark.parametrize(
    ("asked", "near", "way"),
    [
        ("nomic-embed-txt", "nomic-embed-text", "models pull NAMESPACE/MODEL"),
        ("arctic", "snowflake-arctic-embed", "models pull NAMESPACE/MODEL"),
        ("mxbai-embed-large:9b", "mxbai-embed-large:335m", "models pull NAMESPACE/MODEL"),
        ("BAAI/bge-m4", "BAAI/bge-m3", "models pull BAAI/bge-m4"),
        ("bge-m3", "bge-m3", "models pull bge-m3"),
    ],
)
def test_an_unknown_name_is_answered_with_those_near_it_and_a_way_that_leads_somewhere(tmp_path, asked, near, way):
    with pytest.raises(ModelNotFoundError) as failed:
        Catalog({}, data=tmp_path).find(asked)
    assert near in failed.value.remedy
    assert way in failed.value.remedy
    pulled = failed.value.remedy.partition("models pull ")[2].partition("`")[0]
    assert repository_of(ModelName.parse(pulled)) is not None


def asked(server, path, body):
    with urllib.request.urlopen(f"{server.url}{path}", json.dumps(body).encode(), timeout=120) as answer:
        return json.load(answer)


@only_deep
@pytest.mark.slow
def test_models_that_were_pulled_by_a_short_name_embed_by_it_alone(tmp_path, tiny_folder, online, monkeypatch, capfd):
    monkeypatch.setenv("EMBEDINGEST_DATA", str(tmp_path / "data"))
    folders = {"nomic-embed-text": tiny_folder("nomic"), "mxbai-embed-large": tiny_folder("bert-cls")}
    settings = ServerConfig(port=0, allow_pull=True)
    engine = LocalEngine(EngineConfig())
    server = HttpServer(create_app(engine, settings), settings)
    server.start()
    try:
        with running() as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.url)
            for name, folder in folders.items():
                hub.add(str(repository_of(ModelName.parse(name))), folder)
            assert run_command(cli, ["models", "pull", "nomic-embed-text"]) == 0
            assert asked(server, "/api/pull", {"model": "mxbai-embed-large", "stream": False}) == {"status": "success"}
            assert asked(server, "/api/pull", {"model": "nomic-embed-text", "stream": False}) == {"status": "success"}
        for name, folder in folders.items():
            assert_same(asked(server, "/api/embed", {"model": name, "input": "hello"})["embeddings"], folder)
            capfd.readouterr()
            assert run_command(cli, ["embed", "--model", name, "hello"]) == 0
            assert_same([json.loads(capfd.readouterr().out)], folder)
    finally:
        server.stop()
        engine.close()


def assert_same(embeddings, folder) -> None:
    import numpy as np

    wanted = normalise(vectors(folder, ["hello"]))
    assert cosines(np.asarray(embeddings, dtype=np.float32), wanted).min() >= 0.9995


@pytest.mark.parametrize("known", KNOWN_MODELS, ids=lambda known: known.repository)
def test_what_was_checked_of_a_row_is_something_that_it_has(known):
    has = {"names": known.names, "numbers": known.dimensions, "window": known.window, "prompts": known.prompts}
    assert [name for name in known.checked if not has[name]] == []
    assert len(set(known.checked)) == len(known.checked)
