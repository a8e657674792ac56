"""What a table tells without an engine: facts, snapshots, status."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from embedingest.build.inspect import list_snapshots, status_document, table_facts
from embedingest.build.remembered import recall, remember
from embedingest.build.session import Session
from embedingest.config import Config, PipelineConfig, SourceConfig
from embedingest.errors import TableMissingError
from embedingest.store.table import open_table
from tests.depth import only_deep
from tests.waiting import rest


@pytest.fixture
def place(tmp_path):
    """State folder, database and name of a table of one document."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "zoo.md").write_text("The walrus sleeps.\n")
    rest()
    state, db = tmp_path / "state", str(tmp_path / "lancedb")
    settings = PipelineConfig(sources=(SourceConfig(path=tmp_path / "docs"),), model="hashing", db=db)
    config = Config(state=state, pipelines={"default": settings})
    with Session(config) as session:
        remember(session.pipeline(), config)
        session.pipeline().converge()
        session.pipeline().perform("tag", {"name": "first"})
    return state, db, settings.table


def test_facts_are_rows_and_the_model_that_wrote_them(place):
    _, db, table = place
    facts = table_facts(db, table)
    assert (facts["rows"], facts["model"]) == (1, "hashing")


def test_snapshots_have_name_and_rows(place):
    _, db, table = place
    assert [(snapshot.name, snapshot.rows) for snapshot in list_snapshots(db, table)] == [("first", 1)]


def test_status_is_in_sync_until_a_file_changes(place):
    state, db, table = place
    document = status_document(state, db, table)
    assert (document["in_sync"], document["writer"], document["table"]["rows"]) == (True, None, 1)
    assert document["short_of_room"] == []
    (state.parent / "docs" / "farm.md").write_text("The llama spits.\n")
    assert status_document(state, db, table)["behind"] == {"to_read": 1, "gone": 0, "seen": 2}


def test_a_file_that_is_dated_in_the_future_is_read_once(place):
    state, db, table = place
    os.utime(state.parent / "docs" / "zoo.md", (2_524_608_000, 2_524_608_000))
    assert status_document(state, db, table)["behind"]["to_read"] == 1
    for rows in (1, 0):
        rest()
        with Session(recall(state, db, table)) as session:
            report = session.pipeline().converge()
        assert (report.chunks.refreshed, report.chunks.kept) == (rows, 0)
        assert status_document(state, db, table)["in_sync"]


@only_deep
def test_what_the_writer_noted_of_the_table_is_what_opening_it_tells(place):
    state, db, table = place
    with Session(recall(state, db, table)) as session:
        session.pipeline().optimize()
    assert status_document(state, db, table)["table"] == {"db": db, "name": table, **table_facts(db, table)}
    assert "lancedb" not in loaded_by_status(place)
    with open_table(db, table) as opened:
        opened.handle.lance.delete("true")
    document = status_document(state, db, table)
    assert (document["table"]["rows"], document["table_differs"], document["in_sync"]) == (0, True, False)
    with Session(recall(state, db, table)) as session:
        session.pipeline().converge()
    document = status_document(state, db, table)
    assert (document["table"]["rows"], document["table_differs"], document["in_sync"]) == (1, False, True)


def loaded_by_status(place):
    """The modules that a process has imported once it has told the status."""
    state, db, table = map(str, place)
    code = (
        "import sys\nfrom pathlib import Path\nfrom embedingest.build.inspect import status_document\n"
        f"status_document(Path({state!r}), {db!r}, {table!r})\nprint(*sys.modules)"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_a_table_that_never_was_is_named(tmp_path):
    db = str(tmp_path / "lancedb")
    with pytest.raises(TableMissingError):
        table_facts(db, "chunks")
    with pytest.raises(TableMissingError, match="nothing was ingested"):
        status_document(tmp_path, db, "chunks")
