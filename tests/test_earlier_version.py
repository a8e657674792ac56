"""Journals, tables and configurations of version 0.1.0, and of the one before its rooms were redrawn, open unchanged.

`make.sh` in each folder says how they were made. A journal names its folder by an absolute path, so the copy
is told where it lies now; nothing else of it is touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from embedingest.build.journals import journal_path
from tests.cli.conftest import Shell
from tests.depth import few, only_deep

DATA = Path(__file__).parent / "data"
CUT_TEXTS = {"earlier-version": 2, "version-0.1.0": 0}
"""The texts that chunkers cut in another way today, by version."""

FOLDER_OF_THEN = "/srv/then"
MTIME = 1_700_000_000
CUT_OTHERWISE = ["The mill", "The gate"]
"""The section in which they lie; every other text is what it was."""

FLAGS = ("--state", "state", "--db", "state/lancedb")


@pytest.fixture(params=CUT_TEXTS)
def version(request):
    return request.param


@pytest.fixture
def shell(version, tmp_path, monkeypatch, capfd):
    """A shell in what the version of then left behind."""
    folder = tmp_path / "then"
    shutil.copytree(DATA / version, folder)
    for file in (folder / "docs").iterdir():
        os.utime(file, (MTIME, MTIME))  # a checkout does not keep times
    (journal,) = (folder / "state").glob("chunks-*.sqlite")
    moved = journal_path(folder / "state", str(folder / "state" / "lancedb"), "chunks")
    for beside in (folder / "state").glob(f"{journal.name}.*"):
        beside.rename(moved.with_name(moved.name + beside.name.removeprefix(journal.name)))
    journal = journal.rename(moved)
    with contextlib.closing(sqlite3.connect(journal)) as database, database:
        assert database.execute("SELECT path FROM roots").fetchall() == [(f"{FOLDER_OF_THEN}/docs".encode(),)]
        database.execute("UPDATE roots SET path = ?", (os.fsencode(folder / "docs"),))
    monkeypatch.chdir(folder)
    return Shell(folder, capfd)


def rows(shell):
    """Every row with every column but those that say when and how it was made.

    A loader that reads better than then carries another version, so rows are refreshed; nothing else of them changes.
    """
    import lancedb

    table = lancedb.connect(shell.folder / "state" / "lancedb", read_consistency_interval=None).open_table("chunks")
    columns = table.to_arrow().drop_columns(["ingested_at", "config_hash"])
    return sorted(columns.to_pylist(), key=lambda row: row["id"])


def as_then(rows, version):
    return [row for row in rows if row["heading_path"] != CUT_OTHERWISE or not CUT_TEXTS[version]]


def ingest(shell):
    return shell.run("ingest", "docs", "--model", "hashing", "--max-tokens", "16", *FLAGS, "--json").json


def test_what_the_journal_and_the_table_of_then_hold_is_told(shell):
    told = shell.run("status", *FLAGS, "--json").json
    assert told["files"] == {"done": 3, "failed": 1}
    assert (told["table"]["rows"], told["table"]["fingerprint"]) == (7, "hashing-1-256:exact")
    (failure,) = told["failures"]
    assert (failure["source"], failure["code"]) == ("docs/broken.pdf", "corrupt")


def test_the_table_of_then_answers_searches_with_the_settings_its_journal_remembers(shell):
    hits = shell.run("search", "when does the wheel turn?", *FLAGS, "--json").json["results"]
    assert (hits[0]["source"], hits[0]["line_start"]) == ("docs/mill.md", 1)
    hits = shell.run("search", "miller sacks", *FLAGS, "--json").json["results"]
    assert hits[0]["source"] == "docs/count.eml!/sacks.csv"


@few(1)
def test_an_ingest_embeds_only_what_is_cut_otherwise_today(shell, version):
    before = rows(shell)
    report = ingest(shell)
    assert (report["files"]["unchanged"], report["files"]["failed"]) == (3, 1)
    cut = CUT_TEXTS[version]
    assert (report["embedded"]["texts"], report["chunks"]["new"], report["chunks"]["deleted"]) == (cut, cut, cut)
    assert as_then(rows(shell), version) == as_then(before, version)
    (heading, *_) = [row["text"] for row in rows(shell) if row["heading_path"] == CUT_OTHERWISE]
    assert heading.startswith("## The gate\n\nLift"), "then it was a chunk alone"
    assert ingest(shell)["embedded"]["texts"] == 0
    assert shell.run("status", *FLAGS, "--json").json["behind"]["to_read"] == 0


@only_deep
def test_an_edit_embeds_one_chunk_and_leaves_the_other_documents_rows(shell):
    ingest(shell)
    before = rows(shell)
    shell.write("docs/sea.txt", "Another text about the sea.\n")
    report = ingest(shell)
    assert (report["files"]["changed"], report["embedded"]["texts"]) == (1, 1)
    others = [row for row in before if row["source"] != "docs/sea.txt"]
    assert [row for row in rows(shell) if row["source"] != "docs/sea.txt"] == others
    (document,) = [row for row in rows(shell) if row["source"] == "docs/sea.txt"]
    assert document["text"] == "Another text about the sea."


@few(1)
def test_a_deletion_takes_the_rows_of_a_message_and_of_its_attachment(shell):
    (shell.folder / "docs/count.eml").unlink()
    assert ingest(shell)["files"]["deleted"] == 1
    assert {row["source"] for row in rows(shell)} == {"docs/mill.md", "docs/sea.txt"}


def test_a_configuration_of_then_is_read_to_the_same_settings(shell, version):
    then = json.loads((DATA / version / "then.json").read_text().replace(FOLDER_OF_THEN, str(shell.folder)))
    watch = then["pipelines"]["notes"]["watch"]
    assert watch["sweep_seconds"] == 300
    watch["sweep_seconds"] = None  # nobody set it: the default goes by the size of the folder today
    assert known_to(then, shell.run("config", "show", "then.yaml", "--json").json) == then


def known_to(then, now):
    """What of `now` there was then already: settings that came later have their defaults."""
    if not isinstance(then, dict):
        return now
    return {name: known_to(value, now.get(name)) for name, value in then.items()}
