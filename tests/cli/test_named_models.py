"""A table whose settings nobody remembers names its model itself; it is used under whatever name it has here."""

from __future__ import annotations

import shutil

import pytest

from embedingest.engine.local import LocalEngine

RUN = "{pipelines: {d: {model: mine, sources: [{path: docs}]}}, models: {mine: {encoder: hashing, options: OPTIONS}}}"


def database(shell, options):
    """The database alone, without its state, of a table that a model called `mine` wrote."""
    shell.write("docs/zoo.md", "the walrus sleeps on the ice")
    shell.write("run.yaml", RUN.replace("OPTIONS", options))
    ran = shell.run("run", "run.yaml", "--once")
    assert ran.code == 0, ran.err
    (shell.folder / ".embedingest/lancedb").rename(shell.folder / "alone")
    shutil.rmtree(shell.folder / ".embedingest")
    return ("--db", "alone")


def test_the_model_of_a_table_is_known_by_its_fingerprint_under_another_name(shell):
    there = database(shell, "{}")
    ran = shell.run("search", "walrus", *there, "--mode", "vector", "--json")
    assert [hit["source"] for hit in ran.json["results"]] == ["docs/zoo.md"], ran.err


def test_a_model_that_is_not_on_this_machine_is_named_with_the_way(shell):
    there = database(shell, "{dimensions: 64}")
    ran = shell.run("search", "walrus", *there)
    assert ran.code == 3
    assert 'model "mine" not found' in ran.err
    assert "name its folder as the model, or use mode `text`" in ran.err
    assert shell.run("search", "walrus", *there, "--mode", "text").code == 0
    assert "fingerprint" in shell.run("search", "walrus", *there, "--model", "hashing").err


def test_a_folder_that_is_only_called_as_a_model_is_not_taken_for_it(shell):
    shell.write("hashing/notes.md", "x")
    shell.write("nomic-embed-text/notes.md", "x")
    assert shell.run("embed", "--model", "hashing", "x").code == 0
    assert "models pull nomic-embed-text" in shell.run("embed", "--model", "nomic-embed-text", "x").err
    shell.write("nomic-embed-text/modules.json", "[]")
    assert "modules.json" in shell.run("embed", "--model", "nomic-embed-text", "x").err
    assert "modules.json" in shell.run("embed", "--model", "./hashing", "x").err


@pytest.mark.parametrize("value", ["./m.gguf", "m.gguf", "sub/m.gguf", "{}/m.gguf"])
@pytest.mark.parametrize("ask", [("models", "show"), ("embed", "x", "--model"), ("ingest", "docs", "--model")])
def test_a_gguf_where_a_folder_is_due_is_told_with_what_runs_it(shell, value, ask):
    shell.write("m.gguf", "GGUF")
    shell.write("sub/m.gguf", "cut short")
    ran = shell.run(*ask, value.format(shell.folder))
    assert ran.code == 2
    assert "is GGUF" in ran.err
    assert "embedingest-llamacpp" in ran.err


@pytest.mark.parametrize("value", ["./m/bert.json", "m/bert.json", "bert.json"])
def test_a_file_where_a_folder_is_due_is_said_to_be_one(shell, value):
    for name in ("m/bert.json", "bert.json"):
        shell.write(name, "{}")
    ran = shell.run("models", "show", value)
    assert ran.code == 2
    assert f"{value.removeprefix('./')} is a file, and a model is a folder" in ran.err
    assert "models pull" not in ran.err


def test_a_file_that_is_only_called_as_a_model_is_not_taken_for_it(shell):
    for name in ("hashing", "nomic-embed-text-v1.5"):
        shell.write(name, "x")
    assert shell.run("embed", "--model", "hashing", "x").code == 0
    assert "is a file" not in shell.run("models", "show", "nomic-embed-text-v1.5").err


@pytest.mark.parametrize(
    "name", ["nomic-embed-text", "bge-m3:567m", "BAAI/bge-m3", "https://hf.co/BAAI/bge-m3/tree/main"]
)
def test_a_known_model_that_is_not_here_is_said_to_be_known_and_no_other_is_suggested(shell, name):
    ran = shell.run("models", "show", name)
    assert ran.code == 3
    assert "of the hub, which is not on this machine" in ran.err
    plain = "BAAI/bge-m3" if "BAAI" in name else name
    assert f"`embedingest models pull {plain}`" in ran.err
    assert "did you mean" not in ran.err


def test_a_model_that_is_named_for_a_search_and_not_found_is_an_error(shell):
    shell.write("docs/zoo.md", "the walrus sleeps on the ice")
    assert shell.ingest().code == 0
    embedded = shell.run("embed", "walrus", "--model", "nosuch")
    for mode in ("hybrid", "vector", "text"):
        ran = shell.run("search", "walrus", "--model", "nosuch", "--mode", mode)
        assert (ran.code, ran.out, ran.err) == (embedded.code, "", embedded.err)


def test_a_model_of_other_vectors_than_the_tables_is_refused_unloaded(shell, monkeypatch):
    shell.write("docs/zoo.md", "the walrus sleeps on the ice")
    assert shell.ingest().code == 0
    monkeypatch.setattr(LocalEngine, "embed", None)
    ran = shell.run("search", "walrus", "--model", "all-minilm")
    assert ran.code == 3
    assert "table `chunks` holds vectors of model `hashing`" in ran.err
