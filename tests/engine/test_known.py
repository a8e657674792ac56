"""Models by the names that people type: Ollama's, the hub's, and what is near one of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request

import pytest

from embedingest.config import EngineConfig, ModelConfig, ServerConfig
from embedingest.engine.catalog import Catalog
from embedingest.engine.known import KNOWN_MODELS, repository_of
from embedingest.engine.local import LocalEngine
from embedingest.engine.names import ModelName
from embedingest.engine.pull import pull
from embedingest.engine.vectors import cosines, normalise
from embedingest.errors import ModelNotFoundError
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer
from tests.engine.tiny import vectors
from tests.hub import running

NOMIC = "nomic-ai/nomic-embed-text-v1.5"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pulled(tmp_path, tiny_folder):
    """A data folder with one model under the name of its repository."""
    shutil.copytree(tiny_folder("bert-mean"), tmp_path / "models" / NOMIC)
    return tmp_path


def test_no_name_stands_for_two_models():
    keys = [ModelName.parse(name).key for known in KNOWN_MODELS for name in (known.repository, *known.names)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "name",
    ["nomic-embed-text", "Nomic-Embed-Text:v1.5", NOMIC, f"hf.co/{NOMIC}", f"{NOMIC}:latest", "nomic-embed-text:query"],
)
def test_what_was_pulled_answers_to_all_its_names_with_the_prompts_of_the_table(pulled, name):
    info = Catalog({}, data=pulled).describe(name)
    assert info.name == f"{NOMIC}:latest"
    assert (info.prompt("query"), info.prompt("document")) == ("search_query: ", "search_document: ")


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


def from_a_hub(folder, name, data) -> None:
    """Pull a folder under this name from a hub on loopback."""
    with running() as hub:
        hub.add(str(repository_of(ModelName.parse(name))), folder)
        list(pull(ModelName.parse(name), data / "models", endpoint=hub.url))


@pytest.mark.slow
def test_models_that_were_pulled_by_a_short_name_embed_by_it_alone(tmp_path, tiny_folder, online):
    folders = {"nomic-embed-text": tiny_folder("nomic"), "mxbai-embed-large": tiny_folder("bert-cls")}
    for name, folder in folders.items():
        from_a_hub(folder, name, tmp_path)
    engine = LocalEngine(EngineConfig(), data=tmp_path)
    server = HttpServer(create_app(engine, ServerConfig(port=0)), ServerConfig(port=0))
    server.start()
    try:
        for name, folder in folders.items():
            body = json.dumps({"model": name, "input": "hello"}).encode()
            with urllib.request.urlopen(f"{server.url}/api/embed", body, timeout=120) as answer:
                assert_same(json.load(answer)["embeddings"], folder)
    finally:
        server.stop()
        engine.close()
    command = [sys.executable, "-m", "embedingest", "embed", "--model", "nomic-embed-text", "hello"]
    environ = {**os.environ, "EMBEDINGEST_DATA": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=120, check=True)
    assert_same([json.loads(done.stdout)], folders["nomic-embed-text"])


def assert_same(embeddings, folder) -> None:
    import numpy as np

    wanted = normalise(vectors(folder, ["hello"]))
    assert cosines(np.asarray(embeddings, dtype=np.float32), wanted).min() >= 0.9995
