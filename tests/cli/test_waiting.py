"""Deletions that need a person's word, before and while they wait: what `plan` and `verify` promise, runs keep."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from embedingest.build.models import open_engine
from embedingest.store.lock import WriterLock
from embedingest.store.table import open_table
from embedingest.store.values import Changes
from tests.depth import only_deep
from tests.store.doubles import row
from tests.waiting import HANGS_SECONDS

pytestmark = pytest.mark.slow

DB = ".embedingest/lancedb"


@pytest.fixture
def thinned(shell):
    """Twenty documents in the table, of which the folder has lost twelve since."""
    for number in range(20):
        shell.write(f"docs/f{number:02}.md", f"document number {number}")
    assert shell.ingest().code == 0
    for number in range(12):
        (shell.folder / f"docs/f{number:02}.md").unlink()
    return shell


def kinds(ran):
    return {problem["kind"]: problem["source"] for problem in ran.json["problems"]}


@only_deep
def test_verify_tells_what_waits_and_what_would_and_how_it_goes_on(thinned):
    before = thinned.run("verify")
    assert before.code == 1
    assert "12 deletions need confirmation: once the next `ingest`" in before.out
    assert "--repair" not in before.out
    assert thinned.run("verify", "--repair").code == 1
    assert len(thinned.run("status", "--json").json["pending_deletes"]) == 12, "a repair lets them wait"
    for command in (["verify"], ["verify", "--repair"]):
        ran = thinned.run(*command)
        assert ran.code == 1
        assert "12 deletions wait for confirmation: `embedingest confirm` carries them out, or restore" in ran.out
        assert "mend" not in ran.out
        told = thinned.run(*command, "--json")
        assert (told.code, set(kinds(told)), len(told.json["problems"])) == (1, {"pending"}, 12)
    assert thinned.run("confirm").code == 0
    assert thinned.run("verify").code == 0


@only_deep
def test_verify_does_not_take_a_tidied_folder_or_a_move_for_what_must_wait(shell):
    for number in range(20):
        shell.write(f"docs/f{number:02}.md", f"document number {number}")
    assert shell.ingest().code == 0
    (shell.folder / "docs/f00.md").unlink()
    (shell.folder / "docs/new").mkdir()
    for number in range(1, 20):
        shutil.move(shell.folder / f"docs/f{number:02}.md", shell.folder / "docs/new")
    ran = shell.run("verify", "--json")
    assert set(kinds(ran)) == {"orphan", "missing"}
    assert "mends them" in shell.run("verify").out
    plan = shell.run("plan", "--json").json["files"]
    assert (plan["new"], plan["deleted"], plan["pending_deletes"]) == (19, 20, 0)
    assert shell.run("verify", "--repair").code == 0
    assert shell.run("verify").code == 0


def test_a_plan_says_which_deletions_would_wait_and_they_do(thinned):
    told = thinned.run("plan", "--out", "plan.json")
    assert "12 deletions would wait for confirmation" in told.out
    assert "0 deleted" in told.out
    assert thinned.run("plan", "--allow-deletes", "--json").json["files"]["deleted"] == 12
    for ran in (thinned.ingest("--plan", "plan.json"), thinned.ingest()):
        assert (ran.code, ran.json["files"]["deleted"], ran.json["files"]["pending_deletes"]) == (1, 0, 12)
        plan = thinned.run("plan", "--json").json  # and so it says while they wait
        assert (plan["files"]["deleted"], plan["files"]["pending_deletes"], plan["chunks"]["gone"]) == (0, 12, 0)
        assert {file["change"] for file in plan["files"]["list"]} == {"pending_delete"}


@only_deep
def test_while_another_process_writes_verify_gives_no_way_that_its_lock_refuses(shell):
    shell.write("docs/a.md", "a document")
    shell.write("docs/b.md", "another")
    assert shell.ingest().code == 0
    shell.write("docs/a.md", "a document that changed")
    assert "`embedingest verify --repair` mends them" in shell.run("verify").out.splitlines()[-1]
    with WriterLock(DB, "chunks"):
        assert shell.run("verify", "--repair").code == 3
        told = shell.run("verify").out.splitlines()[-1]
    assert told == f"process {os.getpid()} writes the table; stop it, and `embedingest verify --repair` mends them"


@only_deep
def test_verify_names_the_way_out_of_a_restore_and_no_other(shell):
    shell.write("docs/a.md", "a document")
    assert shell.ingest().code == 0
    assert shell.run("tag", "v1").code == 0
    shell.write("docs/b.md", "another")
    assert shell.ingest().code == 0
    assert shell.run("restore", "v1").code == 0
    told = shell.run("verify")
    assert told.code == 1
    assert told.out.endswith("snapshot v1 was restored: nothing is followed until `embedingest restore --resume`\n")
    assert shell.run("restore", "--resume").code == 0
    assert shell.run("verify").code == 0


def test_confirm_says_that_nothing_waits_and_counts_nothing(shell):
    shell.write("docs/a.md", "A document.")
    shell.ingest()
    assert shell.run("confirm") == (0, "", "no deletion waits\n")
    ran = shell.run("confirm", "docs/a.md")
    assert ran.code == 0
    assert "no deletion of these waits" in ran.err
    assert "files:" not in ran.err
    assert shell.run("confirm", "--json").json["files"]["deleted"] == 0


def test_a_search_waits_for_a_table_that_is_being_made_and_says_so(shell):
    """As during the first run of a `watch`, before its first commit."""
    with WriterLock(DB, "chunks"):
        command = [sys.executable, "-m", "embedingest", "search", "walrus", "--json"]
        searching = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert searching.stderr is not None
        said = searching.stderr.readline()
        assert "table `chunks` is being made by process" in said, said
        assert searching.poll() is None
        engine = open_engine()
        info, texts = engine.describe("hashing"), ["The walrus sleeps."]
        facts = {"fingerprint": info.fingerprint, "dimensions": info.dimensions, "model": "hashing"}
        with open_table(DB, "chunks", create=True, **facts) as table:
            vectors = engine.embed(texts, model="hashing").vectors
            table.commit(Changes(add=[row("docs/zoo.md", text=texts[0])], vectors=vectors))
            out, _ = searching.communicate(timeout=HANGS_SECONDS)
        engine.close()
    assert [hit["text"] for hit in json.loads(out)["results"]] == texts


def test_a_search_of_a_table_that_nobody_makes_says_at_once_that_there_is_none(shell):
    (shell.folder / ".embedingest").mkdir()
    ran = shell.run("search", "walrus")
    assert (ran.code, ran.out) == (3, "")
    assert "being made" not in ran.err
