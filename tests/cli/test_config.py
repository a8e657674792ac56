"""`config check`, `show`, `schema` and `init`."""

from __future__ import annotations

import json

WHOLE = """\
pipelines:
  notes:
    sources: [{path: docs}]
    model: hashing
"""


def test_a_whole_file_is_said_to_be(shell):
    shell.write("docs/a.md", "# A\n")
    shell.write("c.yaml", WHOLE)
    ran = shell.run("config", "check", "c.yaml")
    assert ran.code == 0
    assert "c.yaml is whole: notes" in ran.err


def test_check_follows_every_name(shell):
    shell.write("docs/a.md", "# A\n")
    for line, message in {
        "    load: {options: {html: {keep_lniks: true}}}\n": "unknown setting `keep_lniks`",
        "    load: {rules: [{match: '*.x', loader: htlm}]}\n": "unknown loader `htlm`",
        "    chunk: {rules: [{match: '*.x', options: {max_tokns: 9}}]}\n": "did you mean `max_tokens`?",
        "    chunk: {chunker: nosuch}\n": "unknown chunker `nosuch`",
        "    chunk: {max_tokens: 513}\n": "chunk.max_tokens is 513, and model `hashing:latest` takes no more than 512",
        "    chunk: {rules: [{match: '*.x', options: {max_tokens: 900}}]}\n": "chunks have at most 512 here",
        "    chunk: {overlap_tokens: 512}\n": "chunks share 512 tokens",
        "models: {m: {encoder: nosuch}}\n": "unknown encoder `nosuch`",
        "engine: {engine: nosuch}\n": "unknown engine `nosuch`",
        "plugins: [nosuch]\n": "unknown plug-in `nosuch`",
        "    engine: nosuch\n": "names engine `nosuch`; `engines` has default",
        "    schedule: sometimes\n": "write `every 15m`, `hourly` or `daily 03:00`",
    }.items():
        shell.write("c.yaml", WHOLE + line)
        ran = shell.run("config", "check", "c.yaml")
        assert (ran.code, message in ran.err) == (2, True), (line, ran.err)


def test_check_wants_the_folders_there(shell):
    shell.write("c.yaml", WHOLE.replace("docs", "gone"))
    ran = shell.run("config", "check", "c.yaml")
    assert ran.code == 2
    assert "pipelines.notes.sources: no such folder" in ran.err


def test_show_resolves_and_hides(shell, monkeypatch):
    monkeypatch.setenv("SESAME", "opensesame")
    shell.write("c.yaml", WHOLE + "server: {api_key: '${SESAME}'}\n")
    shown = shell.run("config", "show", "c.yaml", "--json").json
    assert shown["server"]["api_key"] == "***"
    assert shown["pipelines"]["notes"]["watch"]["settle_ms"] == 300
    assert "opensesame" not in shell.run("config", "show", "c.yaml").out


def test_the_schema_is_json(shell):
    ran = shell.run("config", "schema")
    assert json.loads(ran.out)["title"] == "embedingest configuration"


def test_init_writes_a_file_that_runs(shell):
    shell.write("docs/a.md", "# A\n\nThe walrus sleeps.\n")
    assert shell.run("config", "init", "docs", "-o", "made.yaml").code == 0
    text = (shell.folder / "made.yaml").read_text()
    assert "path: ./docs" in text
    shell.write("made.yaml", text.replace("model: all-minilm", "model: hashing   "))
    assert shell.run("config", "check", "made.yaml").code == 0
    assert shell.run("run", "made.yaml", "--once", "--json").json["docs"]["files"]["new"] == 1
    again = shell.run("config", "init", "docs", "-o", "made.yaml")
    assert again.code == 2
    assert "--force" in again.err
