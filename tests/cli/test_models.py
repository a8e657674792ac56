"""`embedingest models`: the list, one model, and a pull that cannot be had."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from embedingest.engine.catalog import Catalog
from embedingest.engine.compiled import cache
from embedingest.engine.compiled.graphs import Share
from embedingest.engine.hub import fetch
from tests.engine import routed


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """A place of pulled models that is empty."""
    monkeypatch.setenv("EMBEDINGEST_DATA", str(tmp_path))
    return tmp_path


def test_the_list_has_what_can_be_used_by_name(shell):
    models = shell.run("models", "--json").json["models"]
    assert "hashing:latest" in [model["name"] for model in models]


def test_a_damaged_model_is_marked_and_the_others_are_listed(shell, data):
    folder = data / "models" / "team" / "broken"
    folder.mkdir(parents=True)
    (folder / "modules.json").write_text("[1, 2]")
    listed = {model["name"]: model for model in shell.run("models", "--json").json["models"]}
    assert "modules.json lists a number where a module is due" in listed["team/broken:latest"]["error"]
    assert listed["hashing:latest"]["dimensions"] == 256
    line = next(line for line in shell.run("models").out.splitlines() if line.startswith("team/broken:latest"))
    assert "modules.json" in line
    shown = shell.run("models", "show", "team/broken")
    assert shown.code == 3
    assert "where a module is due" in shown.err


def test_one_model_is_shown_without_its_weights(shell):
    shown = shell.run("models", "show", "hashing", "--json").json
    assert (shown["dimensions"], shown["max_tokens"], shown["runs"]) == (256, 512, None)


@pytest.mark.weights
def test_what_runs_a_model_is_shown_with_the_figures_and_what_was_rejected(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path))
    assert shell.run("models", "show", "all-minilm", "--json").json["runs"]["runtime"] is None
    folder = Catalog({}, data=tmp_path).folder(Catalog({}, data=tmp_path).find("all-minilm").key)
    figures = {"texts": 288, "mean": 0.99998, "least": 0.99994, "passed": True}
    failed = {"form": "bf16", "texts": 288, "mean": 0.9981, "least": 0.95, "passed": False}
    key = cache.key_of(folder, folder.max_tokens, "auto", "exact", Share.of(None, None))
    note = {"form": "bf16-linears", "gate": figures, "tried": [failed, {"form": "bf16-linears", **figures}]}
    cache.keep(key, lambda _: note)
    shown = shell.run("models", "show", "all-minilm").out
    assert f"openvino {version('openvino')}, bf16-linears" in shown
    assert "288 texts: mean 0.999980, least 0.999940" in shown
    assert "bf16: fails the gate (cosine to fp32 over 288 texts: mean 0.998100, least 0.950000)" in shown


def test_an_unknown_model_ends_with_3_and_the_ways_out(shell):
    failed = shell.run("models", "show", "nope")
    assert failed.code == 3
    assert "models pull" in failed.err


def test_a_pull_from_a_hub_that_is_not_there_ends_with_3_and_the_reason(shell, online, monkeypatch):
    monkeypatch.setattr(fetch, "_WAITS_SECONDS", (0.0,) * 5)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    failed = shell.run("models", "pull", "team/model")
    assert failed.code == 3
    assert "cannot be fetched now" in failed.err
    assert "Traceback" not in failed.err


def test_the_modules_of_each_role_are_shown_with_what_runs_them(tmp_path, shell):
    folder = routed.save("static", tmp_path / "two-ways")
    shown = shell.run("models", "show", str(folder)).out
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "query StaticEmbedding → Normalize, 1000000 tokens" in lines
    assert "document Transformer → Pooling → Normalize, 48 tokens" in lines
    assert "other texts Transformer → Pooling → Normalize, 48 tokens" in lines
    assert "runtime static, fp32: a table of vectors, which nothing runs faster" in lines
    routes = shell.run("models", "show", str(folder), "--json").json["routes"]
    assert {role: route["max_tokens"] for role, route in routes.items()} == {"": 48, "query": 10**6, "document": 48}


def test_texts_are_embedded_as_the_role_that_is_asked_for(tmp_path, shell):
    folder = str(routed.save("tables", tmp_path / "two-ways"))
    query, document = (
        shell.run("embed", "sky", "--model", folder, "--as", role, "--json").json["embeddings"][0]
        for role in ("query", "document")
    )
    assert query != document
    refused = shell.run("embed", "sky", "--model", folder)
    assert refused.code == 2
    assert "`--as`" in refused.err
