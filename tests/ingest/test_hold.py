"""Lock and journal removed from under a writer: taken anew, or given up to who was first. Never two writers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.errors import LockedError, StoreError, TableMissingError
from embedingest.ingest.state.journal import Journal
from embedingest.store.lock import WriterLock
from embedingest.store.table import open_table
from tests.depth import few, only_deep
from tests.faults.following import Following
from tests.ingest.world import World
from tests.waiting import rest, until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for number in range(6):
        world.write(f"f{number}.md", f"Document number {number}.")
    rest()
    return world


@only_deep
def test_a_watch_whose_state_is_removed_makes_it_anew_and_goes_on(world: World) -> None:
    with Following(world) as following:
        shutil.rmtree(world.state)
        following.until(lambda: len(following.sources()) == 6)
        world.write("late.md", "A latecomer.")
        following.until(lambda: "docs/late.md" in following.sources())
        with pytest.raises(LockedError):
            WriterLock(world.db, "chunks").acquire()
        following.until_quiet()
    world.assert_like_fresh()


@few(1)
@pytest.mark.parametrize("name", ["chunks.sqlite", "lancedb/.chunks.lock"])
def test_a_watch_that_loses_its_lock_or_its_journal_alone_embeds_nothing_again(world: World, name: str) -> None:
    world.run()
    with Following(world) as following:
        world.engine.texts.clear()
        (world.state / name).unlink()
        following.until((world.state / name).exists)
        world.write("late.md", "A latecomer.")
        following.until(lambda: "docs/late.md" in following.sources())
        assert world.engine.texts == ["A latecomer."]
        with contextlib.closing(Journal(world.state / "chunks.sqlite")) as journal:
            following.until(lambda: journal.counts() == {"done": 7})
    world.assert_like_fresh()


def test_what_a_journal_remembers_for_later_commands_outlives_its_file(world: World) -> None:
    world.run()
    with world.pipeline() as pipeline:
        pipeline.journal.set_meta("settings", "{}")
        pipeline.journal.path.unlink()
        pipeline.converge()
        assert pipeline.journal.meta("settings") == "{}"
        assert not pipeline.journal.replaced


def test_a_writer_that_comes_second_after_the_lock_was_removed_ends_and_writes_nothing(world: World) -> None:
    world.run()
    with world.pipeline() as pipeline:
        pipeline.converge()
        (world.db / ".chunks.lock").unlink()
        with WriterLock(world.db, "chunks"):
            before = world.contents()
            world.write("late.md", "A latecomer.")
            with pytest.raises(LockedError):
                pipeline.converge()
            assert world.contents() == before


class Removing:
    """A table whose first commit finds that everything was removed just before."""

    def __init__(self, table: Any, world: World) -> None:
        self._table, self._world = table, world

    def commit(self, changes: Any) -> None:
        world, self._world.wrap = self._world, lambda table: table
        if world.state.exists() and not getattr(world, "removed", False):
            world.removed = True  # type: ignore[attr-defined]
            shutil.rmtree(world.state)
        self._table.commit(changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


def test_a_run_whose_state_is_removed_before_it_commits_begins_again(world: World) -> None:
    world.wrap = lambda table: Removing(table, world)
    assert world.run().files.seen == 6
    world.assert_like_fresh()
    assert world.run().files.unchanged == 6


# -- two real processes


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "embedingest", "watch", "docs", "--model", "hashing", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ids(folder: Path) -> list[str]:
    """The ids of all rows; none while the table is being made."""
    with contextlib.suppress(TableMissingError, StoreError):
        table = open_table(folder / ".embedingest/lancedb", "chunks", read_consistency_seconds=0)
        with table:
            return [row.id for rows in table.rows(list(table.source_states())).values() for row in rows]
    return []


@only_deep
@pytest.mark.slow
def test_two_watches_never_write_one_table_though_its_folder_is_removed(world: World, tmp_path: Path) -> None:
    with watching(tmp_path) as first:
        assert first.stdout is not None
        json.loads(first.stdout.readline())
        shutil.rmtree(tmp_path / ".embedingest")
        with watching(tmp_path) as second:
            # One of them is the writer, and the other ends; which of them was first is nobody's business.
            until(lambda: first.poll() is not None or second.poll() is not None)
            world.write("late.md", "A latecomer.")
            until(lambda: len(ids(tmp_path)) >= 7)
            assert (len(ids(tmp_path)), len(set(ids(tmp_path)))) == (7, 7)
            ended, writer = (first, second) if first.poll() is not None else (second, first)
            assert writer.poll() is None
            assert ended.returncode == 3
            assert ended.stderr is not None
            assert str(writer.pid) in ended.stderr.read()
