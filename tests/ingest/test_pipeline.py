"""One run brings the table to what the folder holds, does no more than it must, and survives what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedingest.config import SourceConfig
from embedingest.errors import ConfigError, EngineError, FingerprintError, InputError, LockedError, StoreError
from embedingest.ingest.audit.status import journal_status, lag
from embedingest.ingest.pipeline import Pipeline
from embedingest.ingest.rebuild import rebuild
from embedingest.ingest.report import Progress
from embedingest.ingest.state.journal import Journal
from embedingest.store.lock import WriterLock
from embedingest.store.switch import switch_table
from embedingest.store.values import Upkeep
from tests import samples
from tests.depth import few, only_deep
from tests.ingest.world import ENGINE, CountingEngine, World
from tests.waiting import rest, until

pytestmark = pytest.mark.slow

TEXT = "\n\n".join(f"Paragraph {n} has some words of its own, number {n * n}." for n in range(12))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def fill(world: World, count: int = 6) -> None:
    for number in range(count):
        world.write(f"d{number % 3}/f{number}.md", f"# Title {number}\n\n{TEXT.replace('words', f'words{number}')}")
    rest()


# -- doing what must be done, and no more


def test_what_failed_for_a_missing_library_is_read_once_it_is_there(world, monkeypatch):
    world.write("mill.pdf", samples.pdf(pages=[["The mill stands at the river"]]))
    rest()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pypdfium2", None)
        assert "needs `pypdfium2`" in world.run().failures[0].error
    report = world.run()
    assert (report.failures, report.files.new) == ([], 1)


def test_what_the_table_needs_is_imported_beside_the_first_files_and_never_for_nothing(world):
    world.write("a.md", "one document")
    rest()
    warmed = []
    for _ in range(2):
        with world.pipeline(prepare_table=lambda: warmed.append(threading.current_thread().name)) as pipeline:
            pipeline.converge()
        assert warmed == ["warm"]


def test_a_warming_that_fails_is_no_failure(world):
    world.write("a.md", "one document")

    def fail():
        raise ImportError("no such library")

    with world.pipeline(prepare_table=fail) as pipeline:
        assert pipeline.converge().files.new == 1


def test_a_first_run_stores_every_chunk_and_a_second_touches_nothing(world: World) -> None:
    fill(world)
    first = world.run()
    assert first.files.new == 6
    assert first.chunks.new == len(world.contents()) > 6
    opened, engines = world.tables_opened, world.engine.opened
    second = world.run()
    assert second.files.unchanged == 6
    assert (world.tables_opened, world.engine.opened) == (opened, engines), "an unchanged run opens nothing"
    assert second.exit_code == 0


def test_every_file_seen_is_in_exactly_one_class(world: World) -> None:
    fill(world)
    world.write("empty.md", "")
    world.write("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    world.write("broken.md", b"fine")
    for report in (world.run(), world.run()):
        classes = ("new", "changed", "moved", "unchanged", "skipped", "empty", "failed")
        assert sum(getattr(report.files, name) for name in classes) == report.files.seen == 9
        assert (report.files.skipped, report.files.empty) == (1, 1)


def test_an_edited_paragraph_embeds_only_the_chunks_that_cover_it(world: World) -> None:
    world.write("big.md", "\n\n".join(f"Paragraph {n} tells of thing {n} at some length." for n in range(400)))
    world.run()
    path = world.folder / "big.md"
    path.write_text(path.read_text().replace("thing 200 at", "thing 200, changed, at"))
    report = world.run()
    assert report.files.changed == 1
    assert 1 <= report.embedded.texts <= 3
    assert report.chunks.kept + report.chunks.refreshed > 100
    world.assert_like_fresh()


def test_moves_and_copies_embed_nothing(world: World) -> None:
    fill(world)
    world.run()
    (world.folder / "d0").rename(world.folder / "moved")
    world.write("copy.md", (world.folder / "d1/f1.md").read_text())
    report = world.run()
    assert (report.files.moved, report.files.new, report.files.deleted) == (2, 1, 0)
    assert world.engine.texts == []
    world.assert_like_fresh()


def test_a_text_that_occurs_in_many_files_is_embedded_once(world: World) -> None:
    for number in range(20):
        world.write(f"{number}.md", TEXT)
    report = world.run()
    assert len(world.engine.texts) == len(set(world.engine.texts)) == report.embedded.texts
    assert report.embedded.reused == report.chunks.new - report.embedded.texts > 0


def test_coming_back_to_an_old_version_embeds_nothing(world: World) -> None:
    fill(world)
    old = (world.folder / "d0/f0.md").read_text()
    world.run()
    world.write("d0/f0.md", "# Another\n\nbranch of it")
    world.run()
    world.write("d0/f0.md", old)
    assert world.run().embedded.texts == 0
    world.assert_like_fresh()


def test_a_touched_file_is_not_extracted_again_and_its_rows_follow_its_time(world: World) -> None:
    fill(world)
    world.run()
    os.utime(world.folder / "d0/f0.md", (1e9, 1e9))
    report = world.run()
    assert report.files.unchanged == 6
    assert report.chunks.refreshed > 0
    assert report.embedded.texts == 0
    world.assert_like_fresh()


@only_deep
def test_other_settings_redo_what_they_concern_and_no_more(world: World) -> None:
    fill(world)
    world.write("page.html", "<html><body><h1>Web</h1><p>A page of its own.</p></body></html>")
    world.run()
    world.settings["metadata"] = {"team": "docs"}
    report = world.run()
    assert report.embedded.texts == 0
    assert report.chunks.refreshed == len(world.contents())
    world.settings["chunk"] = {"max_tokens": 64}
    assert world.run().files.unchanged == 7
    world.assert_like_fresh()


@only_deep
def test_a_document_prompt_changes_every_vector(world: World) -> None:
    fill(world, 2)
    world.run()
    world.settings["prompt"] = "passage: "
    assert world.run().embedded.texts > 0
    world.assert_like_fresh()


def test_progress_ends_with_everything_done(world: World) -> None:
    fill(world)
    seen: list[Progress] = []
    with world.pipeline(progress=seen.append) as pipeline:
        pipeline.converge()
    assert seen[-1].stage == "done"
    assert seen[-1].done == seen[-1].total == 6


# -- names and roots


@only_deep
def test_hostile_names_are_ingested_edited_and_deleted_alone(world: World) -> None:
    names = ["x' OR 'a'='a", 'y" OR 1=1 --', "z%_\n\\.md", "caf\udce9.md", "%FF.md", "é.md", "e\u0301.md"]
    for name in [*names, "bystander.md"]:
        world.write(name, f"# {len(name)}\n\nThe text of {name!a} itself.")
    world.run()
    bystander = {key: row for key, row in world.contents().items() if row[0].source == "docs/bystander.md"}
    for name in names:
        world.write(name, "Now it says something else.")
    assert world.run().files.changed == len(names)
    world.assert_like_fresh()
    for name in names:
        (world.folder / name).unlink()
    world.run(allow_deletes=True)
    assert world.contents() == bystander


def test_only_the_roots_of_a_run_are_touched(world: World, tmp_path: Path) -> None:
    fill(world)
    other = tmp_path / "notes"
    other.mkdir()
    (other / "n.md").write_text("A note.")
    world.run()
    world.sources = [SourceConfig(path=other)]
    report = world.run()
    assert (report.files.seen, report.files.new, report.files.deleted) == (1, 1, 0)
    assert {source.partition("/")[0] for source in world.sources_in_table()} == {"docs", "notes"}
    with world.pipeline() as pipeline:
        pipeline.forget("docs")
    assert world.sources_in_table() == {"notes/n.md"}
    with world.pipeline() as pipeline, pytest.raises(ConfigError, match="no root `docs`"):
        pipeline.forget("docs")


def test_a_single_file_is_a_root_too(world: World, tmp_path: Path) -> None:
    (tmp_path / "only.md").write_text("Just this one.")
    world.sources = [SourceConfig(path=tmp_path / "only.md")]
    world.run()
    assert world.sources_in_table() == {"only.md"}


# -- deletions


def test_an_absent_or_emptied_root_deletes_nothing_until_confirmed(world: World) -> None:
    fill(world)
    world.run()
    before = world.contents()
    world.folder.rename(world.base / "away")
    report = world.run()
    assert (report.files.pending_deletes, report.exit_code) == (6, 1)
    world.folder.mkdir()
    assert world.run().files.pending_deletes == 6
    assert world.contents() == before
    assert len(journal_status(world.state / "chunks.sqlite", now=world.now)["pending_deletes"]) == 6
    with world.pipeline() as pipeline:
        assert pipeline.perform("confirm", {}).files.deleted == 6
    assert world.contents() == {}
    assert world.run().exit_code == 0


def test_a_root_that_comes_back_waits_no_longer(world: World) -> None:
    fill(world)
    world.run()
    world.folder.rename(world.base / "away")
    world.run()
    (world.base / "away").rename(world.folder)
    report = world.run()
    assert (report.files.pending_deletes, report.embedded.texts, report.exit_code) == (0, 0, 0)


@only_deep
def test_most_of_a_folder_gone_at_once_waits_while_moves_do_not(world: World) -> None:
    fill(world, 12)
    world.run()
    (world.folder / "new").mkdir()
    for path in list(world.folder.glob("d*/*.md")):
        path.rename(world.folder / "new" / path.name)
    report = world.run()
    assert (report.files.moved, report.files.pending_deletes) == (12, 0)
    for path in list(world.folder.glob("new/*.md"))[:7]:
        path.unlink()
    assert world.run().files.pending_deletes == 7
    assert world.run(allow_deletes=True).files.deleted == 7
    world.assert_like_fresh()


# -- failures


def test_a_poison_file_fails_on_every_run_and_is_not_read_again(world: World) -> None:
    fill(world)
    world.engine = FailingEngine("poison")
    world.write("bad.md", "A text with poison in it.")
    for _ in range(3):
        report = world.run()
        assert (report.files.failed, report.exit_code) == (1, 1)
        assert report.failures[0].source == "docs/bad.md"
        assert "poison" in report.failures[0].error
    assert world.engine.calls == 1 + len(world.contents())
    world.engine = CountingEngine()
    with world.pipeline() as pipeline:
        assert pipeline.perform("retry", {"sources": ["docs/bad.md"]}).files.new == 1
    world.assert_like_fresh()


def test_a_text_that_cannot_be_embedded_fails_its_document_alone(world: World) -> None:
    fill(world)
    world.write("bad.md", f"# Good\n\n{TEXT}\n\n# Bad\n\nThis is the poison one.")
    for engine in (FailingEngine("poison"), NanEngine("poison")):
        world.engine = engine
        report = world.run()
        assert (report.files.failed, report.failures[0].kind) == (1, "permanent")
        assert not any(row[0].source == "docs/bad.md" for row in world.contents().values())
        assert len(world.sources_in_table()) == 6
        (world.folder / "bad.md").touch()


def test_an_engine_that_breaks_stops_the_run_and_the_next_one_goes_on(world: World) -> None:
    fill(world, 30)
    world.engine = BreakingEngine(after=2)
    with pytest.raises(EngineError, match="broke"):
        world.run()
    done = world.engine.embedded
    world.engine = CountingEngine()
    report = world.run()
    total = len({row[0].text_hash for row in world.contents().values()})
    assert report.embedded.texts <= total - done, "what was embedded before the end is not embedded again"
    world.assert_like_fresh()


def test_a_file_that_vanishes_before_it_is_read_is_no_failure(world: World) -> None:
    fill(world)

    class Vanishing:
        def __init__(self, recipe: Any, sizer: Any) -> None:
            from tests.ingest.world import InProcess

            self.inner = InProcess(recipe, sizer)

        def submit(self, job: Any, *, urgent: bool = False, on_slow: Any = None) -> Any:
            if job.source == "docs/d0/f0.md":
                (world.folder / "d0/f0.md").unlink(missing_ok=True)
            return self.inner.submit(job)

        def close(self) -> None:
            pass

    with world.pipeline(workers=Vanishing) as pipeline:
        report = pipeline.converge()
    assert (report.files.failed, report.exit_code, report.files.new) == (0, 0, 5)
    world.assert_like_fresh()


def test_an_unreadable_folder_deletes_nothing_and_is_named(world: World) -> None:
    if os.geteuid() == 0:
        # Permissions do not stop this user: a rule file that cannot be read blinds us to the folder all the same.
        blind = world.folder / "d0" / ".gitignore"
        fill(world)
        world.run()
        blind.mkdir()
        blind.rmdir()
        blind.symlink_to(blind)
    else:
        fill(world)
        world.run()
        (world.folder / "d0").chmod(0)
    before = world.contents()
    report = world.run()
    (world.folder / "d0").chmod(0o755)
    assert report.exit_code == 1
    assert report.failures[0].source == "docs/d0"
    assert world.contents() == before


# -- journal, table and lock


@few(1)
@pytest.mark.parametrize("loss", ["journal deleted", "journal truncated", "journal rubbish", "cache deleted"])
def test_what_is_derived_can_be_lost_and_nothing_is_embedded_again(world: World, loss: str) -> None:
    fill(world)
    world.run()
    before = world.contents()
    target = world.state / ("vectors.sqlite" if "cache" in loss else "chunks.sqlite")
    for path in target.parent.glob(target.name + "*"):
        path.unlink()
    if "truncated" in loss or "rubbish" in loss:
        target.write_bytes(b"" if "truncated" in loss else os.urandom(9000))
    report = world.run()
    assert report.embedded.texts == 0
    assert not report.changed_anything()
    assert world.contents() == before


@only_deep
def test_a_table_that_was_deleted_is_made_again_from_the_cache(world: World) -> None:
    import shutil

    fill(world)
    world.run()
    shutil.rmtree(world.db / "chunks.lance")
    report = world.run()
    assert report.embedded.texts == 0
    world.assert_like_fresh()


@only_deep
def test_rows_that_somebody_else_removed_come_back(world: World) -> None:
    from embedingest.store.values import Changes

    fill(world)
    world.run()
    with contextlib.closing(world.table()) as table:
        table.commit(Changes(delete=list(world.contents())[::2]))
    assert world.run().embedded.texts == 0
    world.assert_like_fresh()


def test_a_second_writer_is_refused_naming_the_first(world: World) -> None:
    fill(world)
    with WriterLock(world.db, "chunks"), pytest.raises(LockedError, match=str(os.getpid())):
        world.run()


def test_a_table_of_another_model_is_refused_and_untouched(world: World) -> None:
    fill(world)
    world.run()
    before = world.contents()
    with world.pipeline() as pipeline:
        pipeline.journal.set_meta("model", "another")
    described = ENGINE.describe("hashing")
    from dataclasses import replace

    pipeline = world.pipeline(describe=lambda: replace(described, fingerprint="another:exact"))
    with pipeline, pytest.raises(FingerprintError, match="rebuild"):
        pipeline.converge()
    assert world.contents() == before


@only_deep
def test_a_full_disk_is_named_and_nothing_stored_is_lost(world: World) -> None:
    fill(world)
    world.run()
    before = world.contents()

    class Full:
        def __init__(self, table: Any) -> None:
            self.table = table

        def commit(self, changes: Any) -> None:
            raise StoreError("cannot write to table `chunks`: No space left on device")

        def __getattr__(self, name: str) -> Any:
            return getattr(self.table, name)

    world.wrap = Full
    world.write("more.md", "One more.")
    with pytest.raises(StoreError, match="No space left"):
        world.run()
    assert world.contents() == before
    world.wrap = lambda table: table
    world.run()
    world.assert_like_fresh()


@only_deep
def test_a_journal_damaged_while_running_starts_afresh(world: World) -> None:
    fill(world)
    world.run()
    world.write("more.md", "One more.")
    with world.pipeline() as pipeline:
        journal = pipeline.journal
        real = journal.known_in
        damaged = [sqlite3.DatabaseError("database disk image is malformed")]

        def known_in(alias: str, folder: str) -> Any:
            if damaged:
                raise damaged.pop()
            return real(alias, folder)

        journal.known_in = known_in  # type: ignore[method-assign]
        assert pipeline.converge().embedded.texts == 1
    world.assert_like_fresh()


# -- stopping, asking, following


def test_a_stop_ends_the_run_early_and_the_next_one_completes_it(world: World) -> None:
    fill(world, 40)
    engine = StoppingEngine(world.stop)
    world.engine = engine
    with world.pipeline() as pipeline:
        assert pipeline.converge().stopped
    world.stop.clear()
    world.engine = CountingEngine()
    world.run()
    world.assert_like_fresh()


def test_following_from_an_event_loop_ends_when_it_is_cancelled(world: World) -> None:
    fill(world)
    world.settings["watch"] = {"settle_ms": 50, "sweep_seconds": 600}

    async def follow(pipeline: Pipeline, reports: list[Any]) -> None:
        async for report in pipeline.afollow():
            reports.append(report)  # noqa: PERF401 -- read while it goes on

    async def edit_and_cancel(pipeline: Pipeline) -> list[Any]:
        reports: list[Any] = []
        task = asyncio.create_task(follow(pipeline, reports))
        await asyncio.to_thread(until, lambda: reports)
        world.write("late.md", "Written while an event loop goes on.")
        await asyncio.to_thread(until, lambda: len(reports) > 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return reports

    with world.pipeline() as pipeline:
        reports = asyncio.run(edit_and_cancel(pipeline))
    assert sum(report.files.new for report in reports) == 7
    world.stop.clear()
    assert world.run().files.unchanged == 7


def test_following_sees_edits_moves_and_deletions_and_answers_requests(world: World) -> None:
    fill(world, 12)
    world.settings["watch"] = {"settle_ms": 50, "sweep_seconds": 600}
    reports: list[Any] = []
    pipeline = world.pipeline()

    def follow() -> None:
        reports.extend(pipeline.follow())
        pipeline.close()

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        until(lambda: sum(report.files.new for report in reports) == 12)
        first = len(reports)
        world.write("d0/f0.md", "# Edited\n\nwhile it is followed")
        until(lambda: any(row[0].text.endswith("while it is followed") for row in world.contents(still=False).values()))
        (world.folder / "d1").rename(world.folder / "elsewhere")
        until(lambda: any(s.startswith("docs/elsewhere/") for s in world.sources_in_table()))
        until(lambda: not any(s.startswith("docs/d1/") for s in world.sources_in_table()))
        (world.folder / "d2/f2.md").unlink()
        until(lambda: "docs/d2/f2.md" not in world.sources_in_table())
        asking = Journal(world.state / "chunks.sqlite")
        key = asking.ask("sweep", {}, world.now)
        unknown = asking.ask("juggle", {}, world.now)
        until(lambda: asking.request(unknown).state == "failed")
        assert asking.request(key).state == "done"
        asking.close()
    finally:
        world.stop.set()
        thread.join(timeout=60)
    assert not thread.is_alive()
    world.stop.clear()
    assert sum(report.embedded.texts for report in reports[first:]) == 1
    world.assert_like_fresh()


def test_status_tells_what_failed_and_how_far_behind_the_table_is(world: World) -> None:
    fill(world)
    assert journal_status(world.state / "none.sqlite", now=0.0)["last_commit"] is None
    assert lag(world.pipeline()) == {"to_read": 6, "gone": 0, "seen": 6}
    world.engine = FailingEngine("words3")
    world.run()
    status = json.loads(json.dumps(journal_status(world.state / "chunks.sqlite", now=world.now)))
    assert status["files"] == {"done": 5, "failed": 1}
    assert status["failures"][0]["code"] == "embedding"
    assert status["roots"][0]["path"] == str(world.folder)
    (world.folder / "d0/f0.md").unlink()
    assert lag(world.pipeline()) == {"to_read": 0, "gone": 1, "seen": 5}


def test_status_tells_of_an_index_that_could_not_be_made(world: World) -> None:
    def eager(table: Any) -> Any:
        table.upkeep = Upkeep(index_rows=0)  # also of no rows, on which no index can be measured
        return table

    file = world.write("a.md", "# Alone")
    world.run()
    file.unlink()
    world.wrap = eager
    assert world.run(allow_deletes=True).files.deleted == 1
    said = journal_status(world.state / "chunks.sqlite", now=world.now)["upkeep_trouble"]
    assert said.startswith("the vector index could not be made: ")
    world.wrap = lambda table: table
    world.write("a.md", "# Again")
    world.run()
    assert journal_status(world.state / "chunks.sqlite", now=world.now)["upkeep_trouble"] is None


# -- plans and rebuilds


def test_a_plan_says_what_a_run_then_does_and_changes_nothing(world: World) -> None:
    fill(world)
    pipeline = world.pipeline()
    plan = pipeline.plan()
    assert list(world.base.rglob("*.sqlite")) == []
    assert not world.db.exists()
    report = world.run()
    assert plan["embed"]["texts"] == report.embedded.texts
    assert plan["chunks"]["new"] == report.chunks.new
    world.write("d0/f0.md", "# Title 0\n\nAll new")
    (world.folder / "d1/f1.md").unlink()
    (world.folder / "d2/f2.md").rename(world.folder / "d2/moved.md")
    with world.pipeline() as pipeline:
        plan = pipeline.plan()
        report = pipeline.carry_out(plan["frozen"])
    assert plan["embed"]["texts"] == report.embedded.texts == 1
    assert plan["chunks"]["gone"] == report.chunks.deleted


def test_a_frozen_plan_is_refused_when_the_folder_has_moved_on(world: World) -> None:
    fill(world)
    with world.pipeline() as pipeline:
        frozen = pipeline.plan()["frozen"]
        world.write("d0/f0.md", "Something else")
        with pytest.raises(ConfigError, match=r"moved on.*docs/d0/f0.md"):
            pipeline.carry_out(frozen)


def test_a_rebuild_switches_in_one_version_and_goes_on_where_it_was_stopped(world: World) -> None:
    fill(world)
    world.run()
    old = world.contents()
    world.settings["chunk"] = {"max_tokens": 64}
    reader = world.table()

    def again(engine: Any) -> Any:
        world.engine = engine
        with world.pipeline() as serving:
            beside = world.pipeline(table="chunks__next", lent=lambda _, hashes: reader.vectors(hashes))
            with contextlib.closing(beside):
                return rebuild(serving, beside, lambda: switch_table(world.db, "chunks__next", "chunks"))

    engine = BreakingEngine(after=0)
    with pytest.raises(EngineError):
        again(engine)
    assert world.contents() == old
    again(CountingEngine())
    assert world.contents() != old
    assert reader.count() == len(world.contents())
    assert world.run().files.unchanged == 6
    world.assert_like_fresh()
    assert not list(world.state.glob("*__next*"))


# -- engines that misbehave


class FailingEngine(CountingEngine):
    """Refuses one text with InputError, as the engine does after bisecting a failing batch."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word
        self.calls = 0

    def embed(self, texts: Any, **options: Any) -> Any:
        for index, text in enumerate(texts):
            if self.word in text:
                self.calls += 1
                raise InputError(f"a text with {self.word}", index=index)
        self.calls += len(texts)
        return self.engine.embed(texts, **options)


class NanEngine(CountingEngine):
    """Answers one text with NaN, as a plug-in might."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word

    def embed(self, texts: Any, **options: Any) -> Any:
        answer = self.engine.embed(texts, **options)
        for index, text in enumerate(texts):
            if self.word in text:
                answer.vectors[index] = np.nan
        return answer


class BreakingEngine(CountingEngine):
    """Works for some calls, then breaks for good."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after
        self.embedded = 0
        self.turn = threading.Lock()

    def embed(self, texts: Any, **options: Any) -> Any:
        with self.turn:
            if self.left <= 0:
                raise EngineError("the engine broke")
            self.left -= bool(texts)  # without texts only the model is wanted
        self.embedded += len(texts)
        return self.engine.embed(texts, **options)


class StoppingEngine(CountingEngine):
    """Sets the stop event with its first call, as Ctrl-C would."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self.stop = stop

    def embed(self, texts: Any, **options: Any) -> Any:
        if texts:
            self.stop.set()
        return self.engine.embed(texts, **options)


def test_that_deletions_wait_is_said_once_until_others_wait(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def said() -> list[str]:
        texts = [record.getMessage() for record in caplog.records if "`embedingest confirm`" in record.getMessage()]
        caplog.clear()
        return [text.partition(" for ")[0] for text in texts]

    def sweep(count: int) -> list[str]:
        for _ in range(count):
            pipeline.converge()
        return said()

    for path in [*world.folder.rglob("*.md")]:
        path.unlink()
    for number in range(12):
        world.write(f"f{number:02}.md", f"document number {number}")
    with world.pipeline() as pipeline:
        pipeline.converge()
        for number in range(8):
            (world.folder / f"f{number:02}.md").unlink()
        assert sweep(3) == ["8 deletions under `docs` wait"]
        (world.folder / "f08.md").unlink()
        assert sweep(3) == ["9 deletions under `docs` wait"]
        world.write("f08.md", "document number 8")
        assert sweep(2) == [], "fewer of those that were said"
        (world.folder / "f08.md").unlink()
        assert sweep(2) == ["9 deletions under `docs` wait"]
