"""A table whose settings nobody remembers names its model itself; it is used under whatever name it has here."""

from __future__ import annotations

import shutil

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
