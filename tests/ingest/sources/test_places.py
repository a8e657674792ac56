"""A place that is no folder: read where its mark changed, nothing of it kept, and safe where it cannot be listed."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.errors import DocumentError, EngineError, TableMissingError
from embedingest.ingest.sources import reader
from embedingest.ingest.sources.base import Item
from tests.depth import few
from tests.ingest.sources.shelf import MarkedShelf, Shelf, ShelfWorld
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(params=[Shelf, MarkedShelf], ids=["read", "read_as"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    shelf: Shelf = request.param()
    shelf.texts = {"a.md": "The walrus sleeps.", "deep/b.md": "The llama spits."}
    return shelf


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks again at once; how long it waits is tried in `test_reader.py`."""
    monkeypatch.setattr(reader, "_FIRST_WAIT_SECONDS", 0.001)


@pytest.fixture
def world(tmp_path: Path, shelf: Shelf) -> ShelfWorld:
    return ShelfWorld(tmp_path, shelf)


def test_a_full_look_reads_only_what_changed_and_keeps_nothing_here(world: ShelfWorld, shelf: Shelf) -> None:
    with world.pipeline() as pipeline:
        assert pipeline.converge().files.new == 2
        shelf.texts = {"a.md": "The walrus is awake.", "deep/b.md": "The llama spits.", "c.md": "An otter."}
        shelf.read_keys.clear()
        report = pipeline.converge()
    assert (report.files.changed, report.files.new, sorted(shelf.read_keys)) == (1, 1, ["a.md", "c.md"])
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md", "shelf/c.md"}
    assert shelf.closed == 1
    assert not (world.state / "mirrors").exists()


def test_an_unchanged_look_opens_nothing_and_reads_nothing(world: ShelfWorld, shelf: Shelf) -> None:
    world.run()
    opened = world.tables_opened
    shelf.read_keys.clear()
    report = world.run()
    assert (report.files.unchanged, world.tables_opened, shelf.read_keys) == (2, opened, [])


def test_a_listing_that_fails_is_a_failure_of_the_run_and_deletes_nothing(world: ShelfWorld, shelf: Shelf) -> None:
    with world.pipeline() as pipeline:
        pipeline.converge()
        shelf.error = ConnectionError("nobody answers")
        report = pipeline.converge()
        assert (report.files.deleted, report.exit_code) == (0, 1)
        assert [failure.source for failure in report.failures] == ["shelf"]
        assert "nobody answers" in report.failures[0].error
    assert len(world.sources_in_table()) == 2


def test_a_listing_that_comes_back_empty_deletes_nothing_unasked(world: ShelfWorld, shelf: Shelf) -> None:
    world.run()
    texts, shelf.texts = shelf.texts, {}
    report = world.run()
    assert (report.files.deleted, report.files.pending_deletes, report.exit_code) == (0, 2, 1)
    assert len(world.sources_in_table()) == 2
    shelf.texts = texts
    assert world.run().files.pending_deletes == 0


@few(1)
def test_an_item_that_is_gone_goes_and_one_that_was_renamed_is_moved(world: ShelfWorld, shelf: Shelf) -> None:
    world.run()
    shelf.texts["elsewhere/a.md"] = shelf.texts.pop("a.md")
    report = world.run()
    assert (report.files.moved, report.embedded.texts) == (1, 0)
    del shelf.texts["deep/b.md"]
    assert world.run().files.deleted == 1
    assert world.sources_in_table() == {"shelf/elsewhere/a.md"}


@few(1)
def test_an_item_that_cannot_be_read_fails_alone_and_is_tried_again(world: ShelfWorld, shelf: Shelf) -> None:
    shelf.texts["bad.md"] = "The otter hides."
    shelf.read_errors["bad.md"] = DocumentError("`bad.md` cannot be read", kind="permanent", code="unreadable")
    with world.pipeline() as pipeline:
        report = pipeline.converge()
        assert [(failure.source, failure.kind) for failure in report.failures] == [("shelf/bad.md", "permanent")]
        assert report.files.new == 2
        shelf.read_errors.clear()
        pipeline.perform("retry", {"sources": []})
    assert "shelf/bad.md" in world.sources_in_table()


@few(2)
@pytest.mark.parametrize("error", [KeyError("k"), ConnectionError("reset"), RuntimeError("x" * 9000), EngineError("e")])
def test_whatever_reading_one_item_raises_the_others_go_on(world: ShelfWorld, shelf: Shelf, error: Exception) -> None:
    shelf.read_errors["a.md"] = error
    shelf.texts["no bytes.md"] = "none"
    with world.pipeline() as pipeline:
        report = pipeline.converge()
        failed = {failure.source: failure.error for failure in report.failures}
        assert failed.keys() == {"shelf/a.md", "shelf/no bytes.md"}
        assert type(error).__name__ in failed["shelf/a.md"]
        assert "TypeError" in failed["shelf/no bytes.md"]
        assert max(map(len, failed.values())) < 700
        assert shelf.read_keys.count("a.md") == 3  # some tries in a row, and no more
        shelf.read_errors.clear()
        world.now += 60
        assert pipeline.converge().files.new == 1  # what failed is read again
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md"}


@few(4)
@pytest.mark.parametrize(
    "items",
    [
        [Item("a.md", "1", 1), None],
        [Item(7, "1", 1)],  # type: ignore[arg-type]
        [Item("a.md", 7, 1)],  # type: ignore[arg-type]
        [Item("a.md", "1", "1")],  # type: ignore[arg-type]
        [Item("a.md", "1", 1, "now")],  # type: ignore[arg-type]
        7,
    ],
    ids=["none", "key", "mark", "size", "time", "no list"],
)
def test_a_listing_of_something_else_deletes_nothing(world: ShelfWorld, shelf: Shelf, items: Any) -> None:
    with world.pipeline() as pipeline:
        pipeline.converge()
        shelf.items = items
        failures = {failure.source: failure.error for failure in pipeline.converge().failures}
    assert "Error" in failures["shelf"]
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md"}


def test_a_listing_that_fails_halfway_and_a_source_that_fails_at_its_end_harm_nothing(
    world: ShelfWorld, shelf: Shelf
) -> None:
    def halfway() -> Iterator[Item]:
        yield Item("new.md", "An otter.", 9)
        raise ValueError("page two")

    with world.pipeline() as pipeline:
        pipeline.converge()
        shelf.texts["new.md"] = "An otter."
        shelf.items = halfway()
        shelf.close_error = RuntimeError("gone")
        report = pipeline.converge()
    assert report.failures[0].error.startswith("the source failed: ValueError: page two; it is asked again")
    assert report.files.new == 1  # what it did name is read
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md", "shelf/new.md"}


@few(5)
@pytest.mark.parametrize(
    "key",
    ["../outside.md", "/absolute.md", "a/./b.md", "a//b.md", "x" * 300, "x/" * 600 + "y", "a.md/inner", "b\0.md",
     "q%41.md", "z!/w.md", "!", "e\udc80.md", "deep"],
)  # fmt: skip
def test_a_key_that_no_file_can_have_is_a_document(world: ShelfWorld, shelf: Shelf, key: str) -> None:
    shelf.texts = {"a.md": "The walrus sleeps.", key: "The otter floats.", "deep/b.md": "The llama spits."}
    with world.pipeline() as pipeline:
        assert pipeline.converge().files.new == 3
        (root,) = pipeline.roots
        assert root.source(key) in world.sources_in_table()
        assert pipeline.converge().files.unchanged == 3
        shelf.texts[key] = "The otter dives."
        assert pipeline.converge().files.changed == 1
        del shelf.texts[key]
        assert pipeline.converge().files.deleted == 1
    assert world.sources_in_table() == {"shelf/a.md", "shelf/deep/b.md"}


def test_an_item_without_a_name_is_left_out_and_said(world: ShelfWorld, shelf: Shelf) -> None:
    shelf.texts[""] = "Nobody can name this."
    report = world.run()
    assert (report.files.new, report.files.skipped, report.exit_code) == (2, 1, 0)


def test_patterns_and_default_excludes_apply_to_keys_before_anything_is_read(world: ShelfWorld, shelf: Shelf) -> None:
    shelf.texts |= {"node_modules/x/y.md": "No.", "key.pem": "No.", "deep/c.txt": "No.", "drafts/d.md": "No."}
    shelf.texts |= {".hidden.md": "No.", ".embedingestignore": "deep/"}
    world.follow(include=["*.md"], exclude=["drafts/"])
    report = world.run()
    assert set(shelf.read_keys) == {"a.md", "deep/b.md"}
    assert report.files.new == 2


def test_an_item_of_more_than_max_bytes_is_not_asked_for(world: ShelfWorld, shelf: Shelf) -> None:
    shelf.texts["large.md"] = "word " * 1000
    world.settings["load"] = {"max_bytes": 2000}
    report = world.run()
    assert (report.files.new, report.files.skipped) == (2, 1)
    assert "large.md" not in shelf.read_keys
    assert world.run().files.skipped == 1


@few(1)
def test_the_metadata_of_a_sidecar_item_is_that_of_the_item_beside_it(world: ShelfWorld, shelf: Shelf) -> None:
    world.settings["metadata_rules"] = {"sidecar": ["{name}.meta.json"]}
    shelf.texts["a.md.meta.json"] = '{"author": "Ada"}'
    assert world.run().files.new == 2
    assert _metadata(world, "shelf/a.md") == {'{"author":"Ada"}'}
    shelf.texts["a.md.meta.json"] = '{"author": "Grace"}'
    report = world.run()
    assert (report.files.changed, report.embedded.texts) == (1, 0)
    assert _metadata(world, "shelf/a.md") == {'{"author":"Grace"}'}
    del shelf.texts["a.md.meta.json"]
    assert world.run().files.changed == 1
    shelf.texts["a.md.meta.json"] = "[" * 2**21
    assert "a sidecar at most" in str(world.run().notices.to_json())


def _metadata(world: ShelfWorld, source: str) -> set[str | None]:
    with world.table() as table:
        return {row.metadata for row in table.rows([source])[source]}


@few(1)
def test_the_same_items_in_any_order_are_unchanged(world: ShelfWorld, shelf: Shelf) -> None:
    shelf.texts = {f"{number % 7}/{number:03}.md": f"Penguin {number}." for number in range(60)}
    world.run()
    shelf.texts = dict(sorted(shelf.texts.items(), reverse=True))
    report = world.run()
    assert (report.files.unchanged, report.files.deleted) == (60, 0)


# -- between the listing and the reading


@few(1)
def test_an_item_that_changed_after_it_was_listed_is_read_as_it_is_then(world: ShelfWorld, shelf: Shelf) -> None:
    def change(key: str) -> None:
        if key == "a.md":
            shelf.before_read = lambda _: None
            shelf.texts["a.md"] = "The walrus is awake."

    shelf.before_read = change
    assert world.run().exit_code == 0
    report = world.run()  # a source that reads without a mark tells it by the next listing
    assert (report.files.failed, report.embedded.texts) == (0, 0)
    assert _texts(world, "shelf/a.md") == ["The walrus is awake."]
    shelf.read_keys.clear()
    world.run()
    assert shelf.read_keys == []


@few(1)
def test_an_item_that_went_after_it_was_listed_is_gone_and_no_failure(world: ShelfWorld, shelf: Shelf) -> None:
    world.run()
    shelf.texts["a.md"] = "The walrus is awake."

    def remove(key: str) -> None:
        shelf.texts.pop("a.md", None)

    shelf.before_read = remove
    report = world.run()
    assert (report.files.failed, report.files.deleted, report.exit_code) == (0, 1, 0)
    assert world.sources_in_table() == {"shelf/deep/b.md"}


def _texts(world: ShelfWorld, source: str) -> list[str]:
    with world.table() as table:
        return [row.text for row in table.rows([source])[source]]


@few(1)
@pytest.mark.parametrize("hidden", [False, True])
def test_keys_with_a_part_that_begins_with_a_dot_are_taken_as_files_are(tmp_path: Path, hidden: bool) -> None:
    shelf = MarkedShelf(**{"a.md": "A walrus.", ".b.md": "An owl.", ".d/c.md": "A seal.", "d/.e/f.md": "A puffin."})
    world = ShelfWorld(tmp_path, shelf)
    world.follow(hidden=hidden)
    with world.pipeline() as pipeline:
        report = pipeline.converge()
        assert report.files.seen == (4 if hidden else 1)
        if not hidden:
            assert world.sources_in_table() == {"shelf/a.md"}
        assert pipeline.verify().problems == []


def _always_another(shelf: Shelf, key: str) -> None:
    """Whoever reads this item finds another than was listed."""
    versions = itertools.count()

    def write(read: str) -> None:
        if read == key:
            shelf.texts[key] = f"Version {next(versions)} of the walrus."

    shelf.before_read = write


@few(1)
@pytest.mark.parametrize("known", [False, True])
def test_an_item_that_is_another_at_every_try_has_failed_and_is_tried_again_when_due(
    tmp_path: Path, known: bool
) -> None:
    shelf = MarkedShelf(**{"a.md": "A walrus sleeps.", "b.md": "An owl reads."})
    world = ShelfWorld(tmp_path, shelf)
    with world.pipeline() as pipeline:
        if known:
            pipeline.converge()
            shelf.texts["a.md"] = "It wakes."
        _always_another(shelf, "a.md")
        report = pipeline.converge()
        files = report.files
        assert (files.failed, files.seen, files.new, files.unchanged) == (1, 2, 1 - known, int(known))
        (failure,) = report.failures
        assert (failure.source, failure.kind, report.exit_code) == ("shelf/a.md", "transient", 1)
        assert "changed while it was read, 3 times" in failure.error
        assert shelf.read_keys.count("a.md") == 3 + known
        assert ("shelf/a.md" in world.sources_in_table()) is known  # what is stored stays
        shelf.before_read = lambda _: None
        (report,) = [pipeline.perform("retry", {"sources": []})]
        assert (report.files.failed, report.exit_code) == (0, 0)
        assert pipeline.verify().problems == []


def test_verify_names_an_item_that_it_cannot_read_and_that_has_no_rows(tmp_path: Path) -> None:
    shelf = MarkedShelf(**{"b.md": "An owl reads."})
    with ShelfWorld(tmp_path, shelf).pipeline() as pipeline:
        pipeline.converge()
        shelf.texts["a.md"] = "A walrus sleeps."
        _always_another(shelf, "a.md")
        assert [(problem.source, problem.kind) for problem in pipeline.verify().problems] == [("shelf/a.md", "missing")]
        pipeline.converge()
        assert [(problem.source, problem.kind) for problem in pipeline.verify().problems] == [("shelf/a.md", "missing")]


# -- plan, verify, following


@few(1)
def test_plan_lists_the_source_and_verify_reads_it(world: ShelfWorld, shelf: Shelf) -> None:
    with world.pipeline() as pipeline:
        planned = pipeline.plan()
        assert (planned["files"]["new"], planned["embed"]["texts"]) == (2, 2)
        pipeline.converge()
        assert pipeline.plan()["files"]["unchanged"] == 2
        shelf.texts["a.md"] = "The walrus is awake."
        assert [problem.source for problem in pipeline.verify().problems] == ["shelf/a.md"] * 2
        shelf.error = ConnectionError("nobody answers")
        assert [item["source"] for item in pipeline.plan()["unreadable"]] == ["shelf"]
        assert pipeline.verify().problems[0].kind == "unreachable"


def test_a_source_that_is_forgotten_is_not_asked_any_more(world: ShelfWorld, shelf: Shelf) -> None:
    with world.pipeline() as pipeline:
        pipeline.converge()
        assert pipeline.journal.roots() == {"shelf": "shelf://shelf"}
        pipeline.forget("shelf")
        listed = shelf.listed
        pipeline.converge()
        assert pipeline.journal.forgotten() == {str(world.sources[0].path)}
    assert (shelf.listed, world.sources_in_table()) == (listed, set())


@few(1)
def test_what_the_source_lists_anew_is_found_while_following(world: ShelfWorld, shelf: Shelf) -> None:
    world.settings["watch"] = {"settle_ms": 50, "sweep_seconds": 600, "poll_seconds": 1}
    pipeline = world.pipeline()

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
        shelf.modified_at_ns = 2**62  # a time in the future, or of this moment, holds back nothing
        shelf.texts["late.md"] = "It came later."
        until(lambda: "shelf/late.md" in sources())
    finally:
        world.stop.set()
        thread.join()
    assert not [thread for thread in threading.enumerate() if thread.name == "watch-place"]
