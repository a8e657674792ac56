"""What earlier versions copied of a source: the marks are taken over, the copies go, and rows stay as they are."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from embedingest.config import SourceConfig
from tests.ingest.sources.shelf import MarkedShelf, ShelfWorld
from tests.ingest.world import World
from tests.waiting import rest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> ShelfWorld:
    """A table as earlier versions left it: a folder of copies was followed, and the marks noted beside it."""
    shelf = MarkedShelf()
    shelf.texts = {"a.md": "The walrus sleeps.", "deep/b ü.md": "The llama spits.", "empty.md": " "}
    world = ShelfWorld(tmp_path, shelf)
    copies = world.sources[0].path
    for key, text in shelf.texts.items():
        copy = copies / key
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(text.encode())
        os.utime(copy, ns=(shelf.modified_at_ns, shelf.modified_at_ns))
    copies.with_name("shelf.marks.json").write_text(json.dumps(shelf.texts))
    rest()
    earlier = World(tmp_path)
    earlier.sources = [SourceConfig(path=copies, alias="shelf", gitignore=False, hidden=True)]
    assert earlier.run().files.new == 2
    return world


def test_nothing_is_read_or_embedded_again_and_no_row_changes(world: ShelfWorld) -> None:
    before = world.contents()
    with world.pipeline() as pipeline:
        assert pipeline.plan()["files"]["unchanged"] == 2
        report = pipeline.converge()
        assert pipeline.journal.roots() == {"shelf": "shelf://shelf"}
    assert (report.files.unchanged, report.files.empty, report.embedded.texts) == (2, 1, 0)
    assert world.shelf.read_keys == []
    assert world.contents() == before
    assert not (world.state / "mirrors").exists()


def test_what_changed_since_is_read_and_a_copy_that_was_touched_is_compared(world: ShelfWorld) -> None:
    world.shelf.texts["a.md"] = "The walrus is awake."
    (world.sources[0].path / "deep" / "b ü.md").write_text("Somebody else wrote this.")
    report = world.run()
    assert (report.files.changed, report.files.unchanged, report.embedded.texts) == (1, 1, 1)
    assert sorted(world.shelf.read_keys) == ["a.md", "deep/b ü.md"]


def test_marks_that_are_lost_or_damaged_cost_reading_and_nothing_else(world: ShelfWorld) -> None:
    before = world.contents()
    world.sources[0].path.with_name("shelf.marks.json").write_text("[1")
    report = world.run()
    assert (report.embedded.texts, len(world.shelf.read_keys)) == (0, 3)
    assert world.contents() == before


def test_the_copies_stay_until_the_source_was_listed_to_its_end(world: ShelfWorld) -> None:
    world.shelf.error = ConnectionError("nobody answers")
    assert world.run().exit_code == 1
    assert world.sources[0].path.is_dir()
    world.shelf.error = None
    assert world.run().exit_code == 0
    assert not world.sources[0].path.exists()


def test_what_was_forgotten_before_stays_forgotten_and_its_copies_are_nobodys(world: ShelfWorld) -> None:
    with world.pipeline() as pipeline:
        pipeline.forget("shelf")
        assert pipeline.journal.forgotten() == {str(world.sources[0].path)}
    assert world.sources_in_table() == set()
