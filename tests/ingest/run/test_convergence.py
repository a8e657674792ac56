"""One run over folders and batches: what it looks at, what it holds back, what it deletes and when."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.ingest.report import IngestReport
from embedingest.ingest.run.convergence import converge
from embedingest.ingest.run.deletions import REST_SECONDS, RecentDeletions
from embedingest.ingest.run.due import due_sources
from embedingest.ingest.scan.folders import Folders
from embedingest.ingest.scan.roots import resolve
from embedingest.ingest.watch.values import Batch
from tests.ingest.world import HoldingEngine, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedingest.ingest.run.resources import Resources


class Followed:
    """A watcher whose batches the test hands in, each to one `get`."""

    settle_seconds = 30.0

    def __init__(self, *batches: list[Batch]) -> None:
        self.batches = list(batches)
        self.held: list[str] = []
        self.looks: list[float] = []

    def get(self, timeout: float | None = None) -> list[Batch]:
        return self.batches.pop(0) if self.batches else []

    def hold(self, root: str, relative: str, facts: Any) -> None:
        self.held.append(relative)

    def looked(self, root: str, seconds: float) -> None:
        self.looks.append(seconds)


class Runs:
    """Runs over one world, with the parts that a pipeline would open."""

    def __init__(self, world: World, folders: Folders, resources: Resources) -> None:
        self.world, self.folders, self.resources = world, folders, resources
        self.recent = RecentDeletions()

    def sweep(self, **options: Any) -> IngestReport:
        return self.run(Batch(str(self.world.folder), sweep=True), **options)

    def look_at(self, *names: str, **options: Any) -> IngestReport:
        return self.run(Batch(str(self.world.folder), files=frozenset(names)), **options)

    def run(self, batch: Batch, **options: Any) -> IngestReport:
        settings: dict[str, Any] = {"confirm_share": 0.5, **options}
        return converge(self.folders, self.resources, [batch], self.recent, **settings)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for number in range(12):
        rested(world, f"f{number}.md", f"The text of file {number}.")
    return world


@pytest.fixture
def runs(world: World) -> Iterator[Runs]:
    with world.resources() as resources:
        roots = resolve(world.config.sources, resources.journal.roots())
        for root in roots:
            resources.journal.set_root(root.alias, root.path)
        yield Runs(world, Folders(roots, [world.state]), resources)


def rested(world: World, name: str, text: str) -> Path:
    """A file that nobody has touched for an hour."""
    path = world.write(name, text)
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    return path


def test_a_sweep_takes_everything_and_a_second_one_nothing(runs: Runs) -> None:
    assert runs.sweep().files.new == 12
    again = runs.sweep()
    assert (again.files.seen, again.files.unchanged, again.changed_anything()) == (12, 12, False)


def test_a_batch_looks_at_what_it_names_and_at_nothing_else(runs: Runs) -> None:
    assert runs.look_at("f1.md", "f2.md").files.seen == 2
    assert runs.world.sources_in_table() == {"docs/f1.md", "docs/f2.md"}


def test_while_watching_a_young_file_is_held_back_until_a_batch_says_that_it_settled(runs: Runs) -> None:
    runs.sweep()
    runs.world.write("young.md", "Still being written.")
    followed = Followed()
    report = runs.sweep(follower=followed)
    assert (followed.held, report.files.new, report.files.seen) == (["young.md"], 0, 12)
    assert runs.look_at("young.md", follower=followed).files.new == 1
    assert followed.held == ["young.md"]


def test_a_watcher_hears_what_a_look_at_all_took_and_of_no_look_at_some(runs: Runs) -> None:
    followed = Followed()
    runs.sweep(follower=followed)
    runs.look_at("f1.md", follower=followed)
    assert len(followed.looks) == 1
    assert 0 < followed.looks[0] < 60


def test_without_a_watcher_a_young_file_is_read_at_once(runs: Runs) -> None:
    runs.world.write("young.md", "Just written.")
    assert runs.sweep().files.new == 13


def test_what_a_watcher_sees_during_a_run_is_done_in_that_run(runs: Runs) -> None:
    rested(runs.world, "late.md", "It came during the run.")
    batch = Batch(str(runs.world.folder), files=frozenset({"late.md"}))
    report = runs.look_at("f0.md", follower=Followed([], [batch]))
    assert report.files.new == 2
    assert runs.world.sources_in_table() == {"docs/f0.md", "docs/late.md"}


class Ignoring(Followed):
    """A watcher during whose run, while the texts of all files are under way, an ignore file is written."""

    def __init__(self, runs: Runs, engine: HoldingEngine, *, sweep: bool) -> None:
        super().__init__()
        self.runs, self.engine, self.sweep = runs, engine, sweep

    def get(self, timeout: float | None = None) -> list[Batch]:
        if not self.engine.begun.is_set() or self.engine.go_on.is_set():
            return []
        rested(self.runs.world, ".gitignore", "f1.md\nf2.md\n")
        self.engine.go_on.set()
        return [Batch(str(self.runs.world.folder), files=frozenset({".gitignore"}), sweep=self.sweep)]


@pytest.mark.parametrize("sweep", [False, True])
def test_a_file_that_becomes_ignored_while_its_text_is_embedded_is_not_in_the_table_after_that_run(
    world: World, sweep: bool
) -> None:
    engine = world.engine = HoldingEngine()
    rested(world, "f1.md", "A slow text.")
    with world.resources() as resources:
        roots = resolve(world.config.sources, resources.journal.roots())
        for root in roots:
            resources.journal.set_root(root.alias, root.path)
        runs = Runs(world, Folders(roots, [world.state]), resources)
        report = runs.sweep(follower=Ignoring(runs, engine, sweep=sweep))
    assert engine.go_on.is_set(), "the rule came while texts were under way"
    assert world.sources_in_table() == {f"docs/f{number}.md" for number in range(12) if number not in {1, 2}}
    assert (report.files.new, report.files.deleted) == (12, 2)


def test_a_file_that_moved_is_never_counted_as_deleted(runs: Runs) -> None:
    runs.sweep()
    (runs.world.folder / "f0.md").rename(runs.world.folder / "moved.md")
    report = runs.sweep()
    assert (report.files.moved, report.files.deleted, report.embedded.texts) == (1, 0, 0)


def test_more_than_the_share_waits_and_goes_once_it_is_confirmed(runs: Runs) -> None:
    runs.sweep()
    for number in range(8):
        (runs.world.folder / f"f{number}.md").unlink()
    assert (runs.sweep().files.pending_deletes, len(runs.world.sources_in_table())) == (8, 12)
    runs.resources.journal.confirm()
    assert runs.sweep().files.deleted == 8
    assert len(runs.world.sources_in_table()) == 4


def test_deletions_of_the_last_minute_count_towards_the_share(runs: Runs) -> None:
    runs.sweep()
    names = [f"f{number}.md" for number in range(8)]
    for name in names:
        (runs.world.folder / name).unlink()
    assert runs.look_at(*names[:4]).files.deleted == 4
    assert runs.look_at(*names[4:]).files.pending_deletes == 4


def test_deletions_that_were_allowed_do_not_count_towards_the_share(runs: Runs) -> None:
    runs.sweep()
    for number in range(8):
        (runs.world.folder / f"f{number}.md").unlink()
    assert runs.sweep(allow_deletes=True).files.deleted == 8
    assert runs.recent.count("docs") == 0


def test_what_waits_counts_towards_the_share_of_what_goes_next(runs: Runs) -> None:
    runs.sweep()
    names = [f"f{number}.md" for number in range(11)]
    for part in (names[:7], names[7:]):
        for name in part:
            (runs.world.folder / name).unlink()
        report = runs.look_at(*part)
    assert (report.files.deleted, report.files.pending_deletes) == (0, 11)


def test_what_waited_because_of_others_is_judged_anew_once_those_are_back(runs: Runs) -> None:
    journal, folder = runs.resources.journal, runs.world.folder
    runs.sweep()
    names = [f"f{number}.md" for number in range(9)]
    for name in names:
        (folder / name).rename(runs.world.base / name)
    assert runs.look_at(*names).files.pending_deletes == 9
    for name in names[:4]:
        (runs.world.base / name).rename(folder / name)
    runs.look_at(*names[:4])
    runs.world.now += REST_SECONDS
    assert runs.run(Batch(str(folder))).files.pending_deletes == 5, "most of them are away still"
    assert not due_sources(journal, runs.folders, runs.world.now)
    for name in names[4:8]:
        (runs.world.base / name).rename(folder / name)
    assert runs.look_at(*names[4:8]).files.pending_deletes == 1
    assert not due_sources(journal, runs.folders, runs.world.now), "more may be on the way"
    runs.world.now += REST_SECONDS
    assert due_sources(journal, runs.folders, runs.world.now) == {"docs/f8.md"}
    report = runs.run(Batch(str(folder)))
    assert (report.files.deleted, report.files.pending_deletes, len(runs.world.sources_in_table())) == (1, 0, 11)


def test_what_waits_and_comes_in_again_under_another_name_has_moved(runs: Runs) -> None:
    folder, away = runs.world.folder, runs.world.base / "away"
    for number in range(20):
        rested(runs.world, f"z/g{number}.md", f"The text of another, {number}.")
    runs.sweep()
    (folder / "z").rename(away)
    assert runs.look_at("z").files.pending_deletes == 20
    (away / "g0.md").write_text("Another text now.")
    away.rename(folder / "zz")
    report = runs.run(Batch(str(folder), folders=frozenset({"zz"})))
    assert (report.embedded.texts, report.files.pending_deletes) == (1, 1)
    runs.world.now += REST_SECONDS
    assert runs.run(Batch(str(folder))).files.pending_deletes == 0
    assert len(runs.world.sources_in_table()) == 32


def test_a_failed_file_is_looked_at_again_when_it_is_due(runs: Runs) -> None:
    journal = runs.resources.journal
    runs.sweep()
    state = journal.file("docs/f3.md")
    assert state is not None
    journal.record([state._replace(state="failed", kind="transient", next_try=runs.world.now + 10)])
    assert due_sources(journal, runs.folders, runs.world.now + 9) == frozenset()
    assert due_sources(journal, runs.folders, runs.world.now + 10) == {"docs/f3.md"}
    runs.world.now += 10
    runs.run(Batch(str(runs.world.folder)))
    state = journal.file("docs/f3.md")
    assert state is not None
    assert state.state == "done"


def test_a_run_that_is_stopped_says_so_and_the_next_one_does_the_rest(runs: Runs) -> None:
    runs.world.stop.set()
    assert runs.sweep().stopped
    runs.world.stop.clear()
    report = runs.sweep()
    assert not report.stopped
    assert len(runs.world.sources_in_table()) == 12
