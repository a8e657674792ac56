"""`config check`, `show`, `schema` and `init`."""

from __future__ import annotations

import json
import os

import pytest

from embedingest import config
from embedingest.build.place import place_to_write
from embedingest.cli._settings import config_from_flags
from embedingest.cli.main_job.watch import watch
from tests.depth import few

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


def test_check_follows_every_name_to_its_line(shell):
    shell.write("docs/a.md", "# A\n")
    for line, message in {
        "    load: {options: {html: {man_only: true}}}\n": "pipelines.notes.load.options.html: loader `html`: unknown "
        "setting `man_only`; did you mean `main_only`?",
        "    load: {rules: [{match: '*.x', loader: htlm}]}\n": "pipelines.notes.load.rules[0]: unknown loader `htlm`",
        "    load: {loaders: {'*.x': htlm}}\n": "pipelines.notes.load.loaders.*.x: unknown loader `htlm`",
        "    chunk: {rules: [{match: '*.x', options: {max_tokns: 9}}]}\n": "did you mean `max_tokens`?",
        "    chunk: {chunker: nosuch}\n": "pipelines.notes.chunk.chunker: unknown chunker `nosuch`",
        "    chunk: {max_tokens: 513}\n": "chunk.max_tokens is 513, and model `hashing:latest` takes no more than 512",
        "    chunk: {rules: [{match: '*.x', options: {max_tokens: 900}}]}\n": "chunks have at most 512 here",
        "    chunk: {overlap_tokens: 512}\n": "chunks share 512 tokens",
        "models: {m: {encoder: nosuch}}\n": "models.m.encoder: unknown encoder `nosuch`",
        "models: {m: {precision: fp23}}\n": "did you mean `fp32`?",
        "engine: {engine: nosuch}\n": "engine.engine: unknown engine `nosuch`",
        "engine: {engine: remote}\n": "engine `remote` is not installed\nhint: `pip install embedingest-remote`",
        "plugins: [nosuch]\n": "plugins[0]: unknown plug-in `nosuch`",
        "    engine: defualt\n": "names engine `defualt`; `engines` has default; did you mean `default`?",
        "    schedule: sometimes\n": "write `every 15m`, `hourly` or `daily 03:00`",
        "server: {preload: [hasing]}\n": "server.preload[0]: ",
    }.items():
        shell.write("c.yaml", WHOLE + line)
        ran = shell.run("config", "check", "c.yaml")
        assert (ran.code, message in ran.err, "c.yaml:5: " in ran.err) == (2, True, True), (line, ran.err)


def test_check_says_where_two_pipelines_write_one_table(shell):
    shell.write("docs/a.md", "# A\n")
    shell.write("c.yaml", WHOLE + "  more:\n    sources: [{path: docs}]\n    table: chunks\n")
    ran = shell.run("config", "check", "c.yaml")
    assert (ran.code, "c.yaml:7: pipelines.more.table: pipelines `notes` and `more` both write" in ran.err) == (2, True)


def test_check_names_the_model_that_may_be_meant(shell):
    shell.write("docs/a.md", "# A\n")
    shell.write("c.yaml", WHOLE.replace("hashing", "hasing"))
    ran = shell.run("config", "check", "c.yaml")
    assert ran.code == 2
    assert 'c.yaml:4: pipelines.notes.model: model "hasing" not found' in ran.err
    assert "did you mean" in ran.err


def test_check_wants_the_folders_there(shell):
    shell.write("docs/a.md", "# A\n")
    shell.write("c.yaml", WHOLE.replace("docs", "dcos"))
    ran = shell.run("config", "check", "c.yaml")
    assert ran.code == 2
    assert "c.yaml:3: pipelines.notes.sources[0].path: no such folder" in ran.err
    assert "did you mean `docs`?" in ran.err


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


WATCHED = ("--model", "hashing", "--once", "--json")


def light(shell, name):
    """The file that `init` wrote, with a model that has no weights."""
    text = (shell.folder / name).read_text()
    assert "model: all-minilm" in text
    shell.write(name, text.replace("model: all-minilm", "model: hashing   "))
    assert shell.run("config", "check", name).code == 0
    return name


def test_init_does_not_write_over_a_file(shell):
    shell.write("docs/a.md", "# A\n")
    assert shell.run("config", "init", "docs", "-o", "made.yaml").code == 0
    again = shell.run("config", "init", "docs", "-o", "made.yaml")
    assert again.code == 2
    assert "--force" in again.err


@few(1)
@pytest.mark.parametrize(
    ("here", "folder", "written"),
    [
        (".", "docs", "embedingest.yaml"),
        ("docs", ".", ".embedingest/embedingest.yaml"),
        ("docs/deep", "..", ".embedingest/embedingest.yaml"),
        ("elsewhere", "../docs", "embedingest.yaml"),
    ],
)
def test_a_file_of_init_goes_on_where_watch_stopped_and_is_no_document(shell, monkeypatch, here, folder, written):
    shell.write("docs/a.md", "# A\n\nThe walrus sleeps.\n")
    shell.write("docs/deep/b.md", "# B\n\nThe llama spits.\n")
    (shell.folder / here).mkdir(exist_ok=True)
    monkeypatch.chdir(shell.folder / here)
    assert shell.run("watch", folder, *WATCHED).json["files"]["new"] == 2
    assert shell.run("config", "init", folder).code == 0
    (report,) = shell.run("run", light(shell, f"{shell.folder}/{here}/{written}"), "--once", "--json").json.values()
    assert (report["files"]["seen"], report["files"]["unchanged"], report["embedded"]["texts"]) == (2, 2, 0)


def test_the_choices_of_init_are_those_of_watch(shell):
    shell.write("docs/a.md", "# A\n")
    assert shell.run("config", "init", "docs").code == 0
    written = config.read(shell.folder / "embedingest.yaml")
    asked = watch.make_context("watch", ["docs"]).params
    for name in ("once", "serve_too", "host", "port", "as_json", "allow_deletes"):
        del asked[name]
    place = place_to_write(asked["db"], asked["state"], asked["table"])
    flags = config_from_flags(asked.pop("paths"), **asked | {"db": place.db, "state": place.state})
    (name,) = written.pipelines
    assert {
        **written.model_dump(),
        "pipelines": {"default": written.pipelines[name].model_dump()},
    } == flags.model_dump()


def test_a_file_that_is_written_into_its_folder_is_left_out_of_it(shell):
    shell.write("docs/a.md", "# A\n\nThe walrus sleeps.\n")
    shell.write("docs/[odd] $HOME/b.md", "# B\n")
    assert shell.run("config", "init", "docs", "-o", "docs/[odd] $HOME/it.yaml").code == 0
    (report,) = shell.run("run", light(shell, "docs/[odd] $HOME/it.yaml"), "--once", "--json").json.values()
    assert report["files"]["seen"] == 2


@few(1)
@pytest.mark.parametrize("name", ["$HOME", "it's: #1", "- x", "-", "two\nlines", "Ünï", "true", "2024", "{a}", "~"])
def test_a_folder_of_any_name_is_named_so_that_it_is_found(shell, name):
    shell.write(f"{name}/a.md", "# A\n")
    assert shell.run("config", "init", f"./{name}").code == 0
    (report,) = shell.run("run", light(shell, "embedingest.yaml"), "--once", "--json").json.values()
    assert report["files"]["new"] == 1


def test_a_folder_whose_name_is_no_text_is_refused_in_words(shell):
    folder = os.fsencode(shell.folder) + b"/\xff"
    os.mkdir(folder)
    ran = shell.run("config", "init", os.fsdecode(folder))
    assert ran.code == 2
    assert "is no text" in ran.err
    assert not (shell.folder / "embedingest.yaml").exists()
