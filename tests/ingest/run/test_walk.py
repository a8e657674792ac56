"""A walk makes the table equal to its files, one save overtaking another, and keeps what it has when it must stop."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from embedingest.errors import EngineError, InputError
from embedingest.ingest.extract.extractor import Extracted, Job
from embedingest.ingest.report import IngestReport, Progress
from embedingest.ingest.run import extraction
from embedingest.ingest.run.resources import Resources
from embedingest.ingest.run.survey import Candidate, survey_root
from embedingest.ingest.run.walk import Walk
from embedingest.ingest.run.walk_seam import Stopped
from embedingest.ingest.scan.ignore import Rules
from embedingest.ingest.scan.roots import Root
from embedingest.ingest.scan.scanner import Scanner
from tests.depth import only_deep
from tests.ingest.world import CountingEngine, HoldingEngine, InProcess, World
from tests.waiting import HANGS_SECONDS, rest


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class Stage:
    """What a test asks of the world beside the walk."""

    def __init__(self, world: World, resources: Resources) -> None:
        self.root = Root("docs", world.folder, world.sources[0])
        self.scanner = Scanner(world.folder, Rules.of())
        self.resources = resources

    def candidates(self) -> list[Candidate]:
        """Every file that the journal does not know as it is."""
        rest()
        return survey_root(self.root, self.scanner, self.resources.journal).candidates

    def texts(self) -> set[str]:
        """The texts of all rows."""
        table = self.resources.table()
        return {row.text for rows in table.rows(list(table.source_states())).values() for row in rows}


@contextmanager
def walking(world: World, *, watched: bool = False, **options: Any) -> Iterator[tuple[Walk, IngestReport, Stage]]:
    with world.resources(**options) as resources:
        report = IngestReport()
        yield Walk(resources, report, watched=watched), report, Stage(world, resources)


def nothing() -> None:
    """An inbox without news."""


def test_what_is_added_ends_in_table_and_journal(world: World) -> None:
    world.write("a.md", "One mill.")
    world.write("b.md", "One mill.")
    world.write("empty.md", "")
    with walking(world) as (walk, report, stage):
        walk.add(stage.candidates())
        assert (walk.backlog, walk.urgent) == (True, False)
        walk.run(nothing)
        assert (walk.backlog, walk.finished, walk.total) == (False, 3, 3)
        assert (report.files.new, report.files.empty) == (2, 1)
        assert (report.embedded.texts, report.embedded.reused) == (1, 1), "the same text is embedded once"
        assert stage.texts() == {"One mill."}
        assert stage.candidates() == []
        assert walk.noticed == {"docs/empty.md"}


def test_while_watching_what_changed_last_is_urgent(world: World) -> None:
    for number in range(20):
        world.write(f"{number}.md", f"Text {number}.")
    with walking(world, watched=True) as (walk, report, stage):
        walk.add(stage.candidates())
        assert walk.urgent
        walk.run(nothing)
        assert not walk.urgent
        assert report.files.new == 20


def test_a_file_saved_again_does_not_wait_for_the_vectors_of_its_old_version(world: World) -> None:
    engine = world.engine = HoldingEngine()
    world.write("a.md", "A slow text.")
    with walking(world, watched=True) as (walk, report, stage):
        walk.add(stage.candidates())

        def save_again() -> None:
            if engine.begun.is_set() and "A quick text." not in (world.folder / "a.md").read_text():
                world.write("a.md", "A quick text.")
                walk.add(stage.candidates())
            if report.files.new == 1:
                engine.go_on.set()

        walk.run(save_again)
        assert stage.texts() == {"A quick text."}
        assert (report.files.new, report.chunks.new) == (1, 1), "the old version was never written"
        assert (walk.finished, walk.total, walk.urgent) == (2, 2, False)
        assert "A slow text." in engine.texts, "its vector is kept, for it was paid for"


def test_a_file_that_is_written_while_it_is_read_is_read_again_a_few_times(world: World) -> None:
    world.write("a.md", "Version 0.")
    reads = []

    class Writing(InProcess):
        def submit(self, job: Job, *, urgent: bool = False, on_slow: Any = None) -> Future[Extracted]:
            reads.append(job.source)
            future = super().submit(job, urgent=urgent)
            extracted = future.result()
            if len(reads) == 1:  # as if it had been written meanwhile
                other = Extracted(**{name: getattr(extracted, name) for name in extracted.__slots__})
                object.__setattr__(other, "after", extracted.after._replace(size=0))
                future = Future()
                future.set_result(other)
            return future

    with walking(world, workers=Writing) as (walk, report, stage):
        walk.add(stage.candidates())
        walk.run(nothing)
        assert reads == ["docs/a.md", "docs/a.md"]
        assert (report.files.new, walk.finished, walk.total) == (1, 2, 2)


def test_files_that_vanish_or_fail_are_named_and_the_others_go_on(world: World) -> None:
    world.write("gone.md", "A text that will be gone.")
    world.write("bad.pdf", b"%PDF-1.4 torn")
    world.write("good.md", "A good text.")
    with walking(world) as (walk, report, stage):
        candidates = stage.candidates()
        (world.folder / "gone.md").unlink()
        walk.add(candidates)
        walk.run(nothing)
        assert [candidate.source for candidate in walk.vanished] == ["docs/gone.md"]
        assert walk.failed == ["docs/bad.pdf"]
        assert (report.files.new, report.files.failed) == (1, 1)
        assert stage.texts() == {"A good text."}


def removed(file: Path) -> None:
    file.unlink()


def replaced_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def replaced_by_a_link(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.parent)


@pytest.mark.parametrize("go", [removed, replaced_by_a_folder, replaced_by_a_link])
def test_a_file_that_goes_while_it_is_under_way_is_written_and_looked_at_again(
    world: World, go: Callable[[Path], None]
) -> None:
    engine = world.engine = HoldingEngine()
    world.write("a.md", "A slow text.")
    with walking(world) as (walk, report, stage):
        walk.add(stage.candidates())

        def once() -> None:
            if engine.begun.is_set() and not engine.go_on.is_set():
                go(world.folder / "a.md")
                engine.go_on.set()

        walk.run(once)
        assert report.files.new == 1
        assert [candidate.source for candidate in walk.vanished] == ["docs/a.md"]


def test_a_link_whose_target_goes_while_it_is_under_way_is_looked_at_again(world: World) -> None:
    engine = world.engine = HoldingEngine()
    world.write(".target.md", "A slow text.")
    (world.folder / "a.md").symlink_to(".target.md")
    with walking(world) as (walk, _, stage):
        walk.add(stage.candidates())

        def once() -> None:
            if engine.begun.is_set() and not engine.go_on.is_set():
                (world.folder / ".target.md").unlink()
                engine.go_on.set()

        walk.run(once)
        assert [candidate.source for candidate in walk.vanished] == ["docs/a.md"]


class RefusingEngine(CountingEngine):
    """Refuses texts with the word `bad` in them, without saying which they are."""

    def embed(self, texts: Any, **options: Any) -> Any:
        if any("bad" in text for text in texts):
            raise InputError("no")
        return super().embed(texts, **options)


def test_a_text_that_cannot_be_embedded_fails_its_files_alone(world: World) -> None:
    world.engine = RefusingEngine()
    for number in range(5):
        world.write(f"{number}.md", f"# One\n\nA text of {number}.\n\n# Two\n\nAnother of {number}.")
    for name in ("x.md", "y.md"):
        world.write(name, f"# One\n\nA bad text.\n\n# Two\n\nA good text of {name}.")
    with walking(world) as (walk, report, stage):
        walk.add(stage.candidates())
        walk.run(nothing)
        assert sorted(walk.failed) == ["docs/x.md", "docs/y.md"]
        assert (report.files.new, report.files.failed) == (5, 2)
        assert not any("good" in text or "bad" in text for text in stage.texts())
        assert stage.resources.journal.file("docs/x.md").code == "embedding"


def test_a_new_file_of_the_content_of_one_that_is_gone_has_moved(world: World) -> None:
    world.write("a.md", "One mill.")
    with walking(world) as (walk, _, stage):
        walk.add(stage.candidates())
        walk.run(nothing)
        (world.folder / "a.md").rename(world.folder / "b.md")
        report = IngestReport()
        second = Walk(stage.resources, report)
        second.expect_gone(["docs/a.md", "docs/never-seen.md"])
        second.add(stage.candidates())
        second.run(nothing)
        assert (second.moved, report.files.moved, report.embedded.texts) == ({"docs/a.md"}, 1, 0)


def test_a_walk_that_is_stopped_commits_what_is_ready_and_keeps_vectors_that_come_soon(world: World) -> None:
    engine = world.engine = HoldingEngine()
    world.write("fast.md", "A fast text.")
    with walking(world, watched=True) as (walk, report, stage):
        walk.add(stage.candidates())

        def stop() -> None:
            if report.files.new == 1 and not (world.folder / "slow.md").exists():
                world.write("slow.md", "A slow text.")
                walk.add(stage.candidates())
            if engine.begun.is_set():
                world.stop.set()
                threading.Timer(0.1, engine.go_on.set).start()

        with pytest.raises(Stopped):
            walk.run(stop)
        assert stage.texts() == {"A fast text."}
        calls = len(engine.texts)
        world.stop.clear()
        again = Walk(stage.resources, report)
        again.add(stage.candidates())
        again.run(nothing)
        assert stage.texts() == {"A fast text.", "A slow text."}
        assert len(engine.texts) == calls, "what was computed while it stopped is not computed again"


class BreakingEngine(CountingEngine):
    """Breaks at the word `poison`."""

    def embed(self, texts: Any, **options: Any) -> Any:
        if any("poison" in text for text in texts):
            raise EngineError("the engine broke")
        return super().embed(texts, **options)


def test_an_engine_that_breaks_ends_the_walk_and_what_is_ready_is_written(world: World) -> None:
    world.engine = BreakingEngine()
    world.write("empty.md", "")
    world.write("poison.md", "A poison text.")
    with walking(world) as (walk, report, stage):
        walk.add(stage.candidates())
        with pytest.raises(EngineError, match="broke"):
            walk.run(nothing)
        assert report.files.empty == 1
        assert stage.resources.journal.file("docs/empty.md") is not None
        assert stage.resources.journal.file("docs/poison.md") is None


def test_progress_is_told_while_files_are_under_way(world: World) -> None:
    seen: list[Progress] = []
    world.write("a.md", "One mill.")
    with walking(world, progress=seen.append) as (walk, _, stage):
        walk.add(stage.candidates())
        walk.run(nothing)
    assert {(progress.stage, progress.total) for progress in seen} == {("ingest", 1)}


@only_deep
def test_files_that_are_put_back_are_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "MOST_HELD", 6000)
    for number in range(40):
        world.write(f"{number}.md", "\n\n".join(f"# {number} {part}\n\n" + "Many words. " * 6 for part in range(5)))
    report = world.run()
    assert (report.files.new, report.chunks.new, report.files.failed) == (40, 200, 0)
    assert len(world.engine.texts) == 200
    world.assert_like_fresh()


class Preloaded(CountingEngine):
    """Says when it is asked for the model alone, without texts."""

    def __init__(self) -> None:
        super().__init__()
        self.preloaded = threading.Event()

    def embed(self, texts: Any, **options: Any) -> Any:
        if not texts:
            self.preloaded.set()
        return super().embed(texts, **options)


def test_the_model_is_loaded_while_the_table_is_opened(world: World) -> None:
    engine = world.engine = Preloaded()
    world.write("a.md", "Words.")
    with world.pipeline(prepare_table=lambda: engine.preloaded.wait(HANGS_SECONDS)) as pipeline:
        assert pipeline.converge().files.new == 1
    assert engine.preloaded.is_set()


def test_for_a_file_that_was_touched_or_moved_no_model_is_loaded(world: World) -> None:
    path = world.write("a.md", "Words.")
    world.write("b.md", "More words.")
    world.run()
    engine = world.engine = Preloaded()
    os.utime(path, (1, 1))
    (world.folder / "b.md").rename(world.folder / "c.md")
    assert world.run().embedded.texts == 0
    assert not engine.preloaded.is_set()
