"""`run CONFIG`: the same job from a file."""

from __future__ import annotations

import re

from tests.depth import only_deep


def test_a_file_does_what_the_flags_do(shell):
    shell.write("docs/zoo.md", "# Zoo\n\nThe walrus sleeps on the ice.\n")
    shell.write("first.yaml", "pipelines:\n  default:\n    sources: [{path: docs}]\n    model: hashing\n")
    ran = shell.run("run", "first.yaml", "--once", "--json")
    assert ran.code == 0
    assert ran.json["default"]["files"]["new"] == 1
    assert shell.ingest().json["files"]["unchanged"] == 1


def test_an_unknown_key_is_named_with_its_line(shell):
    shell.write("bad.yaml", "pipelines:\n  default:\n    sources: [{path: docs}]\n    modle: hashing\n")
    ran = shell.run("run", "bad.yaml")
    assert ran.code == 2
    assert "modle" in ran.err
    assert "model" in ran.err
    assert "bad.yaml:4" in ran.err


def test_two_pipelines_write_two_tables(shell):
    shell.write("a/zoo.md", "The walrus sleeps.\n")
    shell.write("b/farm.md", "The llama spits.\n")
    text = "pipelines:\n" + "".join(
        f"  {name}:\n    sources: [{{path: {name}}}]\n    model: hashing\n    table: {name}\n" for name in "ab"
    )
    shell.write("two.yaml", text)
    ran = shell.run("run", "two.yaml", "--once", "--json")
    assert {name: report["files"]["new"] for name, report in ran.json.items()} == {"a": 1, "b": 1}
    assert shell.run("search", "walrus", "--table", "a", "--json").json["results"]


TWO = "pipelines:\n  a: {sources: [{path: a}], model: hashing, table: a}\n  b: {sources: [{path: b}], model: hashing, table: b}\n"


@only_deep
def test_once_tells_where_a_run_stands_as_ingest_does_and_names_which_of_several(shell, monkeypatch):
    monkeypatch.setattr("embedingest.progress._PLAIN_LINE_SECONDS", 0.0)
    shell.write("a/zoo.md", "The walrus sleeps.\n")
    shell.write("b/farm.md", "The llama spits.\n")
    shell.write("one.yaml", TWO[: TWO.index("  b:")])
    shell.write("two.yaml", TWO)
    assert re.search(r"^ingest: \d/1 files", shell.run("run", "one.yaml", "--once").err, re.MULTILINE)
    shell.write("a/sea.md", "The seal dives.\n")
    told = shell.run("run", "two.yaml", "--once").err
    assert told.index("a: ingest: ") < told.index("b: ingest: ")
    shell.write("a/ice.md", "The bear waits.\n")
    assert "ingest: " not in shell.run("run", "two.yaml", "--once", "--json").err
    shell.write("a/sky.md", "The gull cries.\n")
    assert "ingest: " not in shell.run("-q", "run", "two.yaml", "--once").err
