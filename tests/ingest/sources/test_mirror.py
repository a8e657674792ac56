"""A place that is no folder, mirrored into one: read where its mark changed, and safe where it cannot be listed."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.config import SourceConfig
from embedingest.errors import DocumentError, EngineError, TableMissingError
from embedingest.ingest.pipeline import Pipeline
from embedingest.ingest.sources.base import Item
from embedingest.ingest.sources.mirror import Mirror, Mirrors
from tests.ingest.world import World
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Shelf:
    """Texts by key, in memory."""

    name, hosts = "shelf", ()

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.read_keys: list[str] = []
        self.error: Exception | None = None
        self.closed = 0
        self.items: Any = None
        self.read_errors: dict[str, Exception] = {}
        self.close_error: Exception | None = None

    def list(self) -> Iterator[Item]:
        if self.items is not None:
            return self.items
        if self.error is not None:
            raise self.error
        return iter([Item(key, mark=text, size=len(text)) for key, text in self.texts.items()])

    def read(self, key: str) -> bytes:
        self.read_keys.append(key)
        if key in self.read_errors:
            raise self.read_errors[key]
        if self.texts[key] == "none":
            return 4  # type: ignore[return-value]
        if self.texts[key] == "unreadable":
            raise DocumentError(f"`{key}` cannot be read", kind="transient")
        return self.texts[key].encode()

    def close(self) -> None:
        self.closed += 1
        if self.close_error is not None:
            raise self.close_error


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    shelf.texts = {"a.md": "The walrus sleeps.", "deep/b.md": "The llama spits."}
    return shelf


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.sources = [SourceConfig(path=tmp_path / "mirror", alias="shelf")]
    return world


def mirrored(world: World, shelf: Shelf, *, poll_seconds: float = 600.0) -> Pipeline:
    mirror = Mirror("shelf", shelf, world.base / "mirror", poll_seconds)
    return Pipeline(world.config, world.opener(), mirrors=Mirrors([mirror]), stop=world.stop, now=lambda: world.now)


def test_a_full_look_refreshes_the_mirror_and_reads_only_what_changed(world: World, shelf: Shelf) -> None:
    with mirrored(world, shelf) as pipeline:
        assert pipeline.converge().files.new == 2
        shelf.texts = {"a.md": "The walrus is awake.", "deep/b.md": "The llama spits.", "c.md": "An otter."}
        shelf.read_keys.clear()
        report = pipeline.converge()
    assert (report.files.changed, report.files.new, sorted(shelf.read_keys)) == (1, 1, ["a.md", "c.md"])
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md", "shelf/c.md"}
    assert shelf.closed == 1


def test_a_listing_that_fails_is_a_failure_of_the_run_and_deletes_nothing(world: World, shelf: Shelf) -> None:
    with mirrored(world, shelf) as pipeline:
        pipeline.converge()
        shelf.error = ConnectionError("nobody answers")
        report = pipeline.converge()
        assert (report.files.failed, report.files.deleted, report.exit_code) == (1, 0, 1)
        assert "nobody answers" in report.failures[0].error
    assert len(world.sources_in_table()) == 2


def test_an_item_that_cannot_be_read_fails_alone(world: World, shelf: Shelf) -> None:
    shelf.texts["bad.md"] = "unreadable"
    with mirrored(world, shelf) as pipeline:
        report = pipeline.converge()
    assert [(failure.source, failure.kind) for failure in report.failures] == [("shelf/bad.md", "transient")]
    assert report.files.new == 2


@pytest.mark.parametrize("error", [KeyError("k"), ConnectionError("reset"), RuntimeError("x" * 9000), EngineError("e")])
def test_whatever_reading_one_item_raises_the_others_go_on(world: World, shelf: Shelf, error: Exception) -> None:
    shelf.read_errors["a.md"] = error
    shelf.texts["no bytes.md"] = "none"
    with mirrored(world, shelf) as pipeline:
        report = pipeline.converge()
        failed = {failure.source: failure.error for failure in report.failures}
        assert failed.keys() == {"shelf/a.md", "shelf/no bytes.md"}
        assert type(error).__name__ in failed["shelf/a.md"]
        assert "TypeError" in failed["shelf/no bytes.md"]
        assert max(map(len, failed.values())) < 700
        shelf.read_errors.clear()
        assert pipeline.converge().files.new == 1  # what failed is read again
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md"}


@pytest.mark.parametrize(
    "items",
    [[Item("a.md", "1", 1), None], [Item(7, "1", 1)], [Item("a.md", 7, 1)], [Item("a.md", "1", 1, "now")], 7],
    ids=["none", "key", "mark", "time", "no list"],
)
def test_a_listing_of_something_else_deletes_nothing(world: World, shelf: Shelf, items: Any) -> None:
    with mirrored(world, shelf) as pipeline:
        pipeline.converge()
        shelf.items = items
        (failure,) = pipeline.converge().failures
    assert (failure.source, "Error" in failure.error) == ("shelf", True)
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md"}


def test_a_listing_that_fails_halfway_and_a_source_that_fails_at_its_end_harm_nothing(
    world: World, shelf: Shelf
) -> None:
    def halfway() -> Iterator[Item]:
        yield Item("a.md", "1", 1)
        raise ValueError("page two")

    with mirrored(world, shelf) as pipeline:
        pipeline.converge()
        shelf.items = halfway()
        shelf.close_error = RuntimeError("gone")
        (failure,) = pipeline.converge().failures
    assert failure.error.startswith("the source failed: ValueError: page two; it is asked again")
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md"}


@pytest.mark.parametrize("key", ["../outside.md", "/absolute.md", "a/./b.md", "x" * 300])
def test_a_key_that_is_no_name_below_the_folder_is_refused(tmp_path: Path, key: str) -> None:
    shelf = Shelf()
    shelf.texts = {key: "text", "good.md": "text"}
    failures = Mirror("shelf", shelf, tmp_path / "mirror", 600.0).refresh()
    assert [failure.source for failure in failures] == [f"shelf/{key}"]
    assert sorted(path.name for path in (tmp_path / "mirror").rglob("*")) == ["good.md"]


def test_what_the_source_lists_anew_is_found_while_following(world: World, shelf: Shelf) -> None:
    world.settings["watch"] = {"settle_ms": 50, "sweep_seconds": 600}
    pipeline = mirrored(world, shelf, poll_seconds=0.1)

    def follow() -> None:
        with pipeline:
            for _ in pipeline.follow():
                pass

    thread = threading.Thread(target=follow)
    thread.start()

    def sources() -> set[str]:
        with suppress(TableMissingError):  # its folder is there before its first version is
            return world.sources_in_table()
        return set()

    try:
        until(lambda: len(sources()) == 2)
        shelf.texts["late.md"] = "It came later."
        until(lambda: "shelf/late.md" in sources())
    finally:
        world.stop.set()
        thread.join()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("poll-")]
