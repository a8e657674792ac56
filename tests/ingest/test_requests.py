"""What other processes ask of a writer: each verb does its work once, and is answered."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.config import SourceConfig
from embedingest.errors import ConfigError
from embedingest.ingest.pipeline import Pipeline
from embedingest.ingest.requests import VERBS, changing, restoring
from embedingest.ingest.state.journal import Journal
from tests.ingest.world import World
from tests.waiting import rest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write("a.md", "The walrus sleeps.")
    world.write("b.md", "The llama spits.")
    rest()
    return world


@pytest.fixture
def asking(world: World) -> Iterator[Journal]:
    """The journal as another process opens it."""
    world.run()
    with contextlib.closing(Journal(world.state / "chunks.sqlite")) as journal:
        yield journal


def served(world: World, **verbs: Any) -> list[dict[str, Any]]:
    with Pipeline(world.config, world.opener(), verbs=verbs, stop=world.stop, now=lambda: world.now) as pipeline:
        return [report.to_json() for report in pipeline.serve_requests()]


def test_every_request_is_answered_once_in_the_order_it_was_made(world: World, asking: Journal) -> None:
    world.write("c.md", "The otter swims.")
    keys = [asking.ask(verb, {}, world.now) for verb in ("sweep", "retry", "optimize", "confirm")]
    reports = served(world)
    assert [report["files"]["new"] for report in reports] == [1, 0, 0, 0]
    requests = [asking.request(key) for key in keys]
    assert [request.state for request in requests if request is not None] == ["done"] * 4
    assert [request.answer for request in requests if request is not None] == reports
    assert served(world) == []


def test_a_request_that_fails_is_answered_with_its_error_and_the_next_is_done(world: World, asking: Journal) -> None:
    unknown, known = asking.ask("juggle", {}, world.now), asking.ask("sweep", {}, world.now)
    assert len(served(world)) == 1
    failed, done = asking.request(unknown), asking.request(known)
    assert failed is not None
    assert done is not None
    assert (failed.state, done.state) == ("failed", "done")
    assert "does not know how to `juggle`" in failed.answer["error"]
    assert f"it knows {', '.join(VERBS)}" in failed.answer["error"]


def test_a_verb_of_the_table_changes_it_and_the_journal_agrees_with_what_it_became(world: World) -> None:
    world.run()
    names: list[str] = []

    def name(table: Any, arguments: Mapping[str, Any]) -> None:
        names.append(f"{arguments['name']}: {table.count()}")

    with Pipeline(world.config, world.opener(), verbs={"name": changing(name)}) as pipeline:
        pipeline.perform("name", {"name": "monday"})
    assert names == ["monday: 2"]
    opened = world.tables_opened
    assert world.run().files.unchanged == 2
    assert world.tables_opened == opened, "nothing is compared again"


def test_a_restored_table_is_not_followed_until_it_is_asked_to_resume(world: World) -> None:
    world.run()
    verbs = {"restore": restoring(lambda table, arguments: None)}
    with Pipeline(world.config, world.opener(), verbs=verbs, stop=world.stop) as pipeline:
        pipeline.perform("restore", {"name": "monday"})
        assert pipeline.paused == "monday"
        world.write("c.md", "The otter swims.")
        assert pipeline.perform("resume", {}).files.new == 1
        assert pipeline.paused == ""


def test_an_unknown_verb_is_refused(world: World) -> None:
    with world.pipeline() as pipeline, pytest.raises(ConfigError, match="does not know how to `juggle`"):
        pipeline.perform("juggle", {})


def test_only_the_root_that_is_named_is_forgotten(world: World, tmp_path: Path) -> None:
    other = tmp_path / "notes"
    other.mkdir()
    (other / "n.md").write_text("A note.")
    world.sources.append(SourceConfig(path=other))
    world.run()
    with world.pipeline() as pipeline:
        with pytest.raises(ConfigError, match="is followed"):
            pipeline.perform("forget", {"root": os.fspath(tmp_path / "elsewhere")})
        pipeline.perform("forget", {"root": os.fspath(other)})
    assert world.sources_in_table() == {"docs/a.md", "docs/b.md"}
