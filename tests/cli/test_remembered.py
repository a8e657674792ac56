"""What a table was written with is known to later commands: its engine and model, and no secret."""

from __future__ import annotations

import pytest

from tests.depth import only_deep

pytestmark = pytest.mark.slow

ENGINE = """
from embedingest.config import EngineConfig
from embedingest.engine.local import LocalEngine

def create(*, log, key, api_key="", where=""):
    with open(log, "a") as file:
        print(key, where, file=file)
    return LocalEngine(EngineConfig())
"""
RUN = """
state: .embedingest
engines:
  noted:
    engine: noted
    options:
      log: LOG
      key: '${NOTED_KEY}'
      where: 'at-${NOTED_PLACE:-home}'
      api_key: opensesame
pipelines:
  notes: {engine: noted, model: hashing, sources: [{path: docs}]}
"""


@pytest.fixture
def log(shell, monkeypatch):
    """What the plug-in engine `noted`, under which `docs` were ingested, writes down of each opening."""
    site, log = shell.folder / "site", shell.folder / "opened.txt"
    info = site / "noted-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "noted.py").write_text(ENGINE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: noted\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[embedingest.engines]\nnoted = noted:create\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("NOTED_KEY", "abracadabra")
    shell.write("docs/a.md", "penguins are animals")
    shell.write("run.yaml", RUN.replace("LOG", str(log)))
    ran = shell.run("run", "run.yaml", "--once")
    assert ran.code == 0, ran.err
    assert set(log.read_text().splitlines()) == {"abracadabra at-home"}
    log.write_text("")
    return log


def test_a_search_embeds_with_the_engine_that_wrote_the_table(shell, log, monkeypatch):
    monkeypatch.setenv("NOTED_KEY", "hocuspocus")
    ran = shell.run("search", "animals", "--json")
    assert ran.json["results"][0]["text"] == "penguins are animals"
    assert log.read_text() == "hocuspocus at-home\n"


def test_no_secret_is_kept(shell, log):
    assert log.exists()
    for path in (shell.folder / ".embedingest").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"abracadabra" not in content, path
            assert b"opensesame" not in content, path


def test_a_variable_that_is_not_set_is_named(shell, log, monkeypatch):
    assert log.exists()
    monkeypatch.delenv("NOTED_KEY")
    ran = shell.run("search", "animals")
    assert ran.code == 2
    assert "NOTED_KEY" in ran.err


@only_deep
def test_another_model_may_still_be_named(shell, log):
    assert shell.run("search", "animals", "--model", "hashing").code == 0
    assert log.read_text() == "abracadabra at-home\n"
    refused = shell.run("search", "animals", "--mode", "vector", "--model", "all-minilm")
    assert "fingerprint" in refused.err


def test_a_root_that_is_not_named_any_more_is_told_and_never_vouched_for(shell):
    shell.write("docs/a.md", "penguins are animals")
    shell.write("notes/n.md", "a note")
    assert shell.ingest().code == 0
    assert shell.run("ingest", "notes", "--model", "hashing").code == 0
    status = shell.run("status", "--json").json
    assert status["unnamed"] == [{"alias": "docs", "path": str(shell.folder / "docs"), "files": {"done": 1}}]
    assert not status["in_sync"]
    told = shell.run("status").out
    assert "embedingest forget docs" in told
    assert "in sync" not in told
    for repair in ((), ("--repair",)):
        ran = shell.run("verify", *repair, "--json")
        assert (ran.code, ran.json["repaired"]) == (1, False)
        assert [(problem["kind"], problem["source"]) for problem in ran.json["problems"]] == [("unnamed", "docs")]
    assert "embedingest forget docs" in shell.run("verify").out
    assert shell.run("forget", "docs").code == 0
    assert shell.run("status", "--json").json["in_sync"]
    assert shell.run("verify").code == 0


@only_deep
def test_rows_of_a_root_that_the_journal_has_lost_are_told_and_can_be_forgotten(shell):
    shell.write("docs/a.md", "penguins are animals")
    shell.write("notes/n.md", "a note")
    assert shell.run("ingest", "docs", "notes", "--model", "hashing").code == 0
    for path in (shell.folder / ".embedingest").glob("chunks-*.sqlite*"):
        path.unlink()
    assert shell.run("ingest", "notes", "--model", "hashing").code == 0
    (root,) = shell.run("status", "--json").json["unnamed"]
    assert (root["alias"], root["path"]) == ("docs", "")
    assert shell.run("verify").code == 1
    assert shell.run("forget", "docs", "--json").json["chunks"]["deleted"] == 1
    assert shell.run("verify").code == 0
