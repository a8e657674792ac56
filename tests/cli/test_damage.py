"""Commands where files of ours are damaged: each says so, names the way, and does what it still can."""

from __future__ import annotations

import os
import shutil

import pytest

from embedingest.build.remembered import recall
from embedingest.build.serving import open_server
from embedingest.build.session import Session
from embedingest.cli._commands import cli
from embedingest.cli._main import run_command
from embedingest.config import ServerConfig
from embedingest.store.manifest import listed
from embedingest.store.token import newest_manifest
from tests.depth import few, only_deep
from tests.faults.elsewhere import as_nobody
from tests.server.client import post

pytestmark = pytest.mark.slow


@pytest.fixture
def furnished(shell):
    """A shell in whose folder two documents are ingested."""
    shell.write("docs/a.md", "# Walrus\n\nThe walrus sleeps on the ice.")
    shell.write("docs/b.md", "# Penguin\n\nPenguins walk to the sea.")
    assert shell.ingest().code == 0
    return shell


def table(shell):
    return shell.folder / ".embedingest/lancedb/chunks.lance"


def journal(shell):
    (path,) = (shell.folder / ".embedingest").glob("chunks-*.sqlite")
    return path


def test_with_a_damaged_journal_readers_go_on_and_the_writer_mends(furnished, caplog):
    shell = furnished
    path = journal(shell)
    path.write_text("dear diary\n" * 500)
    found = shell.run("search", "walrus", "--json")
    assert found.json["results"][0]["source"] == "docs/a.md"
    status = shell.run("status", "--json")
    assert status.code == 1
    assert str(path.name) in status.json["journal_fault"]
    assert "verify --repair" in shell.run("status").out
    verified = shell.run("verify")
    assert (verified.code, "journal: the journal" in verified.out) == (1, True)
    assert "puts a damaged one aside" in shell.run("doctor").out
    assert path.read_text().startswith("dear diary")
    assert shell.run("verify", "--repair").code == 0
    assert caplog.text.count(f"put aside as {path.name}.damaged-1") == 1
    assert path.with_name(path.name + ".damaged-1").read_text().startswith("dear diary")
    assert shell.run("verify").code == 0
    after = shell.run("status", "--json")
    assert (after.code, after.json["in_sync"], after.json["journal_fault"]) == (0, True, None)


@only_deep
def test_a_command_that_mends_goes_on_after_a_damaged_journal(furnished):
    shell = furnished
    journal(shell).write_bytes(b"")
    (shell.folder / "docs/b.md").unlink()
    assert shell.run("retry").code == 0
    assert shell.run("status", "--json").json["files"] == {"done": 1}


@only_deep
def test_a_root_that_was_forgotten_stays_forgotten(furnished):
    shell = furnished
    shell.write("more/c.md", "A third document.")
    assert shell.run("ingest", "docs", "more", "--model", "hashing").code == 0
    assert shell.run("forget", "more").code == 0
    journal(shell).write_bytes(b"\xa5" * 20_000)
    assert shell.run("verify", "--repair").code == 0
    assert [root["alias"] for root in shell.run("status", "--json").json["roots"]] == ["docs"]


@only_deep
def test_without_its_journal_and_what_is_kept_of_it_a_table_is_searched_with_its_model(furnished):
    shell = furnished
    path = journal(shell)
    path.write_bytes(b"\xa5" * 20_000)
    path.with_name(path.name + ".kept.json").unlink()
    assert shell.run("search", "walrus", "--json").json["results"][0]["source"] == "docs/a.md"
    status = shell.run("status")
    assert (status.code, "ingest PATH" in status.err) == (3, True)
    assert shell.ingest().json["embedded"]["texts"] == 0
    assert shell.run("status").code == 0


AS_NOBODY = """
from embedingest.cli._commands import cli
from embedingest.cli._main import run_command

os.chdir(base)
for command in (["search", "walrus", "--mode", "text"], ["status"], ["ingest", "docs", "--model", "hashing"]):
    print("code", run_command(cli, command), flush=True)
"""


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can become somebody else")
def test_who_may_not_write_reads_what_there_is_and_is_told_of_the_rest(open_path, monkeypatch):
    monkeypatch.chdir(open_path)
    (open_path / "docs").mkdir()
    (open_path / "docs/a.md").write_text("The walrus sleeps on the ice.")
    assert run_command(cli, ["ingest", "docs", "--model", "hashing"]) == 0
    (path,) = open_path.glob(".embedingest/chunks-*.sqlite")
    path.chmod(0o600)
    lines = as_nobody(AS_NOBODY, open_path)
    out = "\n".join(lines)
    assert [line for line in lines if line.startswith("code")] == ["code 0", "code 1", "code 3"]
    assert "walrus sleeps" in out
    assert "Permission denied" in out
    assert not list(path.parent.glob("*.damaged-*"))


# -- the table


def test_a_data_file_that_is_gone_is_told_by_every_command_and_rebuild_mends_it(furnished, caplog):
    shell = furnished
    assert shell.run("tag", "before").code == 0
    (path,) = (table(shell) / "data").iterdir()
    path.unlink()
    status = shell.run("status", "--json")
    assert (status.code, status.json["in_sync"]) == (3, False)
    assert [(item["file"], item["part"]) for item in status.json["damage"]] == [(f"data/{path.name}", "rows")]
    shell.write("docs/new.md", "A new document.")
    commands = [("status",), ("search", "walrus"), ("plan", "docs", "--model", "hashing"), ("verify",), ("doctor",)]
    for command in [*commands, ("verify", "--repair"), ("ingest", "docs", "--model", "hashing"), ("optimize",)]:
        ran = shell.run(*command)
        assert ran.code in {1, 3}, command
        assert path.name in ran.out + ran.err, command
        assert "`embedingest rebuild`" in ran.out + ran.err, command
    assert shell.run("rebuild").code == 0
    after = shell.run("status", "--json")
    assert (after.code, after.json["in_sync"], after.json["damage"]) == (0, True, [])
    assert shell.run("verify").code == 0
    assert len(shell.run("search", "document", "--json").json["results"]) == 3
    assert caplog.text.count("is embedded again") <= 1


@only_deep
def test_a_text_index_that_is_cut_is_found_by_verify_and_made_again(furnished):
    shell = furnished
    files = listed(newest_manifest(table(shell)).read_bytes())
    (path,) = (table(shell) / file.path for file in files if file.path.endswith("tokens.lance"))
    path.write_bytes(path.read_bytes()[:100])
    assert (shell.run("status").code, shell.run("search", "walrus", "--mode", "text").code) == (3, 3)
    verified = shell.run("verify", "--json")
    assert (verified.code, [problem["kind"] for problem in verified.json["problems"]]) == (1, ["index"])
    assert shell.run("verify", "--repair").code == 0
    assert (shell.run("status").code, shell.run("verify").code) == (0, 0)
    assert len(shell.run("search", "walrus", "--mode", "text", "--json").json["results"]) == 1


@only_deep
def test_a_table_whose_folder_is_gone_is_made_again_and_seen_at_once(furnished):
    shell = furnished
    shutil.rmtree(table(shell))
    status = shell.run("status", "--json")
    assert (status.code, len(status.json["damage"])) == (3, 1)
    assert "rebuild" in shell.run("status").out
    report = shell.run("rebuild", "--json")
    assert (report.code, report.json["embedded"]["texts"]) == (0, 0)
    assert shell.run("status", "--json").json["table"]["rows"] == 2
    assert len(shell.run("search", "walrus", "--json").json["results"]) == 2
    assert shell.run("verify").code == 0


def test_a_server_that_meets_damage_answers_503_with_the_way_and_embeds_on(furnished):
    shell = furnished
    state = shell.folder / ".embedingest"
    with Session(recall(state, str(state / "lancedb"), "chunks")) as session, session.searcher() as searcher:
        server = open_server(session, ServerConfig(port=0), searcher)
        server.start()
        port = server.port
        assert post(port, "/api/search", {"query": "walrus"}).status == 200
        (path,) = (table(shell) / "data").iterdir()
        moved = path.rename(path.with_suffix(".moved"))
        shell.write("docs/new.md", "A new document.")
        failed = post(port, "/api/search", {"query": "walrus penguins"})
        assert (failed.status, "embedingest rebuild" in failed.json()["error"]) == (503, True)
        assert post(port, "/api/embed", {"model": "hashing", "input": "still here"}).status == 200
        moved.rename(path)
        assert post(port, "/api/search", {"query": "walrus"}).status == 200
        server.stop()


def _cut(pattern, size):
    def damage(shell):
        for path in (shell.folder / ".embedingest").glob(pattern):
            path.write_bytes(path.read_bytes()[:size])

    return damage


DAMAGES = {
    "data cut": _cut("lancedb/chunks.lance/data/*", 10),
    "manifests cut": _cut("lancedb/chunks.lance/_versions/*.manifest", 20),
    "journal": lambda shell: journal(shell).write_text("dear diary\n" * 500),
}


@few(1)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_once_and_in_whole_lines(furnished, damage, caplog):
    """Whatever a command says of it: no sentence twice, no line feed spelled out, nothing beside it in the log."""
    shell = furnished
    DAMAGES[damage](shell)
    for command in (("verify",), ("status",), ("search", "walrus", "--model", "hashing"), ("doctor",)):
        caplog.clear()
        ran = shell.run(*command)
        said = ran.out + ran.err + "".join(f"\n{record.getMessage()}" for record in caplog.records)
        assert "\\n" not in said, command
        for piece in said.replace("\n", "; ").split("; "):
            assert len(piece) < 40 or said.count(piece) == 1, (command, piece)


@only_deep
def test_a_rebuild_and_a_restore_are_commits(furnished):
    shell = furnished
    assert shell.run("tag", "v1").code == 0
    for command in (("rebuild",), ("restore", "v1")):
        before = shell.run("status", "--json").json["last_commit"]
        assert shell.run(*command).code == 0
        assert shell.run("status", "--json").json["last_commit"] > before, command
