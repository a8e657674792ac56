"""Which table a command means from where: what was remembered is found from every folder, and nothing is guessed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import embedingest
from embedingest.build.place import place_to_read
from embedingest.errors import ConfigError
from tests.depth import only_deep

pytestmark = pytest.mark.slow

READING = [
    ("status",),
    ("verify",),
    ("plan",),
    ("search", "walrus", "--mode", "text"),
    ("retry",),
    ("confirm",),
    ("optimize",),
    ("tag",),
    ("doctor",),
]


@only_deep
def test_a_state_folder_named_alone_means_its_own_table_and_never_anothers(shell):
    shell.write("docs/zoo.md", "The walrus sleeps on the ice.\n")
    ingest = ("ingest", "docs", "--model", "hashing")
    assert shell.run(*ingest, "--state", "first").code == 0
    assert shell.run(*ingest).code == 0, "its database is the working folder's, where no journal is yet"
    refused = shell.run(*ingest, "--state", "second")
    assert refused.code == 2
    assert "belongs to the state folder" in refused.err
    assert "--db" in refused.err
    assert not (shell.folder / "second").exists()
    assert shell.run(*ingest, "--state", "third", "--db", "third/lancedb").code == 0
    shell.write("docs/new.md", "The otter swims.\n")
    assert shell.run(*ingest, "--state", "third", "--json").json["files"]["new"] == 1
    assert shell.run("status", "--state", "third", "--json").json["files"]["done"] == 2
    assert shell.run(*ingest, "--state", ".embedingest", "--json").json["files"]["new"] == 1


@pytest.fixture
def zoo(shell):
    """A table of one document, ingested by a relative path."""
    shell.write("docs/zoo.md", "The walrus sleeps on the ice.\n")
    (shell.folder / "docs/deep/er").mkdir(parents=True)
    assert shell.ingest().code == 0
    return shell


@pytest.fixture
def nowhere(tmp_path_factory):
    return tmp_path_factory.mktemp("nowhere")


def test_every_command_that_reads_works_below_the_folder_and_from_afar(zoo, nowhere, monkeypatch):
    for command in READING:
        monkeypatch.chdir(zoo.folder / "docs/deep/er")
        below = zoo.run(*command)
        monkeypatch.chdir(nowhere)
        afar = zoo.run(*command, "--state", str(zoo.folder / ".embedingest"))
        assert (below.code, afar.code) == (0, 0), below.err + afar.err
    assert os.listdir(zoo.folder / "docs/deep/er") == os.listdir(nowhere) == []


@only_deep
def test_what_was_named_by_relative_paths_is_followed_from_everywhere(zoo, nowhere, monkeypatch):
    monkeypatch.chdir(nowhere)
    there = ("--db", str(zoo.folder / ".embedingest/lancedb"))  # its state lies around it
    assert zoo.run("status", *there, "--json").json["behind"] == {"to_read": 0, "gone": 0, "seen": 1}
    zoo.write("docs/farm.md", "The llama spits.\n")
    assert zoo.run("plan", *there, "--json").json["files"]["new"] == 1
    assert zoo.run("retry", *there, "--json").json["files"]["new"] == 1


def test_the_only_table_of_a_state_folder_need_not_be_named(shell, nowhere, monkeypatch):
    shell.write("docs/zoo.md", "The walrus sleeps.\n")
    assert shell.ingest("--db", "tables/zoo").code == 0
    assert shell.run("search", "walrus", "--json").json["results"][0]["source"] == "docs/zoo.md"
    monkeypatch.chdir(nowhere)
    assert shell.run("status", "--state", str(shell.folder / ".embedingest"), "--json").json["in_sync"]


def test_where_nothing_is_found_the_error_says_where_was_looked_and_the_way(shell, monkeypatch):
    folder = shell.folder / "a/b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(shell.folder))
    for command in READING[:-1]:
        ran = shell.run(*command)
        assert ran.code == 3
        assert f"no `.embedingest` in {folder} or the 2 folders above it, up to {shell.folder}" in ran.err
        assert all(way in ran.err for way in ("--db", "--state", "embedingest ingest PATH"))
    assert os.listdir(folder) == []


def test_the_search_ends_at_home_and_at_the_border_of_a_file_system(zoo, monkeypatch):
    monkeypatch.chdir(zoo.folder / "docs/deep")
    assert place_to_read(None, None, "chunks").state == zoo.folder / ".embedingest"
    monkeypatch.setenv("HOME", str(zoo.folder / "docs"))
    assert list(place_to_read(None, None, "chunks").looked) == [zoo.folder / "docs/deep", zoo.folder / "docs"]
    real = Path.stat
    other = os.stat_result((*os.stat("/")[:2], -1, *os.stat("/")[3:10]))
    monkeypatch.setattr(Path, "stat", lambda path, **more: other if path == zoo.folder / "docs" else real(path, **more))
    monkeypatch.setenv("HOME", "/nonexistent")
    assert list(place_to_read(None, None, "chunks").looked) == [zoo.folder / "docs/deep"]


@only_deep
def test_a_state_folder_of_somebody_else_is_not_taken_from_above(zoo, monkeypatch):
    monkeypatch.chdir(zoo.folder / "docs")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    if (zoo.folder / ".embedingest").stat().st_uid == 0:
        assert zoo.run("search", "walrus").code == 0, "root's is taken"
        os.chown(zoo.folder / ".embedingest", 12, -1)
    ran = zoo.run("search", "walrus")
    assert ran.code == 2
    assert f"--state {zoo.folder}/.embedingest" in ran.err
    assert zoo.run("search", "walrus", "--state", str(zoo.folder / ".embedingest")).code == 0
    monkeypatch.chdir(zoo.folder)
    assert zoo.run("search", "walrus").code == 0


@only_deep
def test_a_command_that_makes_a_table_stays_in_the_working_folder_and_says_what_lies_above(zoo, monkeypatch):
    monkeypatch.chdir(zoo.folder / "docs")
    ran = zoo.run("ingest", "deep", "--model", "hashing")
    assert ran.code == 0
    assert f"{zoo.folder}/.embedingest is not used" in ran.err.replace("\n", "")
    assert (zoo.folder / "docs/.embedingest").is_dir()
    assert "is not used" not in zoo.run("ingest", "deep", "--model", "hashing").err
    assert zoo.run("status", "--json").json["roots"][0]["alias"] == "deep"


def test_a_relative_path_is_forgotten_from_where_it_is_named(zoo, monkeypatch):
    monkeypatch.chdir(zoo.folder / "docs/deep")
    assert zoo.run("forget", "..", "--json").code == 0
    assert zoo.run("status", "--json").json["roots"] == []
    assert zoo.run("forget", "").code == 2


def test_a_folder_that_is_moved_or_copied_with_its_table_is_followed_where_it_is_now(zoo, nowhere, monkeypatch):
    copy, moved = nowhere / "copy", nowhere / "moved"
    shutil.copytree(zoo.folder, copy)
    zoo.folder.rename(moved)
    for place in (copy, moved):
        monkeypatch.chdir(place)
        status = zoo.run("status", "--json").json
        assert (status["roots"][0]["path"], status["behind"]["seen"]) == (str(place / "docs"), 1)
        report = zoo.ingest().json
        assert (report["files"]["seen"], report["files"]["deleted"], report["embedded"]["texts"]) == (1, 0, 0)
        assert zoo.run("verify").code == 0


def test_a_backup_of_the_table_alone_tells_of_the_folders_it_was_made_from(zoo, nowhere, monkeypatch):
    shutil.copytree(zoo.folder / ".embedingest", nowhere / "backup")
    monkeypatch.chdir(nowhere)
    status = zoo.run("status", "--state", "backup", "--json").json
    assert status["table"]["db"] == str(nowhere / "backup/lancedb")
    assert status["roots"][0]["path"] == str(zoo.folder / "docs")
    assert status["in_sync"]


@only_deep
def test_a_working_folder_that_was_removed_is_told(zoo, nowhere):
    code = (
        "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
        "from embedingest.cli._main import run_command\nfrom embedingest.cli._commands import cli\n"
        "print(*[int(run_command(cli, line.split())) for line in sys.argv[1:]])"
    )
    commands = ["status", "search walrus", "ingest docs", "chunk a.md"]
    ran = subprocess.run([sys.executable, "-c", code, *commands], cwd=nowhere, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr.count("Traceback")) == ("2 2 2 2\n", 0), ran.stderr
    assert ran.stderr.count("the working folder was removed") == 3


NOTHING = [
    ("ingest", ""),
    ("ingest", "docs", "--db", ""),
    ("ingest", "docs", "--state", ""),
    ("ingest", "docs", "--model", ""),
    ("ingest", "docs", "--table", ""),
    ("plan", "--out", ""),
    ("search", "walrus", "--db", ""),
    ("search", "walrus", "--model", ""),
    ("status", "--state", ""),
    ("run", ""),
    ("chunk", ""),
    ("config", "check", ""),
    ("serve", "--api-key-file", ""),
    ("ingest", "~nobody-of-this-name/docs"),
    ("status", "--state", "~nobody-of-this-name"),
    ("search", "walrus", "--db", "~nobody-of-this-name/x"),
    ("ingest", "docs", "--model", "~nobody-of-this-name/model"),
]


def test_a_path_or_name_that_names_nothing_is_wrong_usage(zoo):
    before = sorted(zoo.folder.rglob("*"))
    for command in NOTHING:
        ran = zoo.run(*command)
        assert ran.code == 2, ran.err
        assert "empty" in ran.err or "no home folder" in ran.err, command
    assert sorted(zoo.folder.rglob("*")) == before


@only_deep
def test_a_tilde_is_the_home_folder_in_every_setting(shell, nowhere, monkeypatch):
    monkeypatch.setenv("HOME", str(nowhere))
    (nowhere / "docs").mkdir()
    (nowhere / "docs/zoo.md").write_text("The walrus sleeps.\n")
    flags = ("--db", "~/base/lancedb", "--state", "~/base")
    assert shell.run("ingest", "~/docs", "--model", "hashing", *flags).code == 0
    monkeypatch.setenv("EMBEDINGEST_DB", "~/base/lancedb")
    monkeypatch.setenv("EMBEDINGEST_STATE", "~/base")
    assert shell.run("status", "--json").json["in_sync"]
    shell.write(
        "run.yaml", "state: ~/base\npipelines: {d: {db: ~/base/lancedb, model: hashing, sources: [{path: ~/docs}]}}"
    )
    assert shell.run("run", "run.yaml", "--once", "--json").json["d"]["files"]["unchanged"] == 1
    monkeypatch.setenv("EMBEDINGEST_CACHE", "~/cache")
    assert f"{nowhere}/cache" in shell.run("doctor").out
    assert not list(shell.folder.glob("~*"))


def test_a_path_of_a_configuration_that_names_nothing_is_told_with_its_key(shell):
    shell.write("run.yaml", "pipelines: {d: {db: '', sources: [{path: ''}, {path: ~nobody-of-this-name/x}]}}")
    ran = shell.run("config", "check", "run.yaml")
    assert ran.code == 2
    for key in ("pipelines.d.db", "pipelines.d.sources[0].path", "pipelines.d.sources[1].path"):
        assert key in ran.err


def test_chunks_cannot_share_as_much_as_they_hold(zoo):
    for command, overlap in (("ingest", "20"), ("plan", "500"), ("chunk", "20")):
        path = "docs" if command != "chunk" else "docs/zoo.md"
        ran = zoo.run(command, path, "--model", "hashing", "--max-tokens", "20", "--overlap", overlap)
        assert ran.code == 2, command
        assert "20 tokens" in ran.err
        assert f"share {overlap}" in ran.err


def test_a_remembered_setting_that_is_not_allowed_any_more_is_told(zoo):
    (journal,) = (zoo.folder / ".embedingest").glob("chunks-*.sqlite")
    with sqlite3.connect(journal) as database:
        (text,) = database.execute("SELECT value FROM meta WHERE key='settings'").fetchone()
        settings = json.loads(text)
        settings["pipeline"]["chunk"] |= {"max_tokens": 8, "overlap_tokens": 9}
        database.execute("UPDATE meta SET value=? WHERE key='settings'", (json.dumps(settings),))
    ran = zoo.run("status")
    assert ran.code == 2
    assert "embedingest ingest PATH" in ran.err


def test_the_front_door_looks_upwards_too(zoo, monkeypatch):
    monkeypatch.chdir(zoo.folder / "docs/deep")
    assert embedingest.search("walrus", mode="text").hits[0].source == "docs/zoo.md"
    with pytest.raises(ConfigError, match="db"):
        embedingest.search("walrus", db="")


@only_deep
@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_working_folder_whose_path_is_no_text_is_told_and_left_as_it_was(shell, monkeypatch, tmp_path_factory):
    folder = shell.folder / "caf\udce9"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs/a.md").write_text("the walrus sleeps")
    monkeypatch.chdir(folder)
    for command in (("ingest", "docs"), ("watch", "docs"), ("search", "walrus"), ("status",)):
        ran = shell.run(*command)
        assert (ran.code, "not UTF-8" in ran.err, "hint: " in ran.err) == (2, True, True)
    assert os.listdir(folder) == ["docs"]
    elsewhere = ("--db", str(tmp_path_factory.mktemp("elsewhere") / "db"))
    assert shell.ingest(*elsewhere).code == 0
    assert shell.run("search", "walrus", *elsewhere, "--json").json["results"][0]["source"] == "docs/a.md"
