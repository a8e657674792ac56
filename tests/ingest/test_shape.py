"""The shape of a run's work, which decides what it costs: how often it writes, to the table and to the journal. No times."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.ingest.state.journal import Journal
from tests.ingest.world import World
from tests.waiting import rest

if TYPE_CHECKING:
    from pathlib import Path

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Commits:
    """Counts what the journal's connections write: a transaction as one, and a statement outside of any."""

    def __init__(self) -> None:
        self.count = 0
        self._inside = False

    def heard(self, statement: str) -> None:
        if statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            self._inside = statement.startswith("BEGIN")
            self.count += statement.startswith("COMMIT")
        elif not self._inside:
            self.count += statement.startswith(WRITES)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> Commits:
    commits, connect = Commits(), sqlite3.connect

    def heard(path: Any, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        db = connect(path, *args, **kwargs)
        if "chunks.sqlite" in str(path):
            db.set_trace_callback(commits.heard)
        return db

    monkeypatch.setattr(sqlite3, "connect", heard)
    return commits


def run(world: World, commits: Commits) -> tuple[int, int]:
    """How many versions of the table, and how many commits of the journal, a run makes."""
    rest()
    before, commits.count = versions(world), 0
    world.run()
    return versions(world) - before, commits.count


def versions(world: World) -> int:
    if not (world.db / "chunks.lance").exists():
        return 0
    with contextlib.closing(world.table()) as table:
        return int(table.handle.lance.version)


def fill(world: World, count: int) -> None:
    for number in range(count):
        world.write(f"d{number % 3}/{number}.md", f"Document {number} says something of its own.")


def test_a_first_run_writes_as_often_for_many_files_as_for_few(tmp_path: Path, commits: Commits) -> None:
    made = []
    for count in (3, 60):
        world = World(tmp_path / str(count))
        fill(world, count)
        made.append(run(world, commits))
    few, many = made
    assert few == many
    assert few[0] == 3, "the table, its rows, the index over words"
    assert few[1] <= 20


def test_a_run_over_what_is_unchanged_writes_nothing_to_the_table_and_once_to_the_journal(
    world: World, commits: Commits
) -> None:
    fill(world, 10)
    world.run()
    table, journal = run(world, commits)
    assert table == 0
    assert journal <= 1


def test_edits_moves_and_deletions_of_one_run_are_three_steps_of_the_table_and_few_commits_of_the_journal(
    world: World, commits: Commits
) -> None:
    fill(world, 30)
    world.run()
    for number in range(0, 9, 3):
        world.write(f"d0/{number}.md", f"Document {number} says something else.")
    (world.folder / "d1").rename(world.folder / "moved")
    (world.folder / "d2/2.md").unlink()
    table, journal = run(world, commits)
    assert table <= 3, "added, deleted for what changed and moved, deleted for what is gone"
    assert journal <= 12


def test_a_commit_of_the_journal_waits_for_no_disk(world: World) -> None:
    fill(world, 1)
    world.run()
    with contextlib.closing(Journal(world.state / "chunks.sqlite")) as journal:
        settings = {name: journal._one(f"PRAGMA {name}")[0] for name in ("journal_mode", "synchronous")}
    # In this mode SQLite syncs when it moves its log into the file, some thousand pages at a time.
    assert settings == {"journal_mode": "wal", "synchronous": 1}


def test_a_run_makes_no_sync_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a power cut may take is made again, from the files: nobody waits for a disk."""
    synced: list[str] = []
    for name in ("fsync", "fdatasync", "sync"):
        if hasattr(os, name):
            monkeypatch.setattr(os, name, lambda *file, name=name: synced.append(name))
    fill(world, 10)
    world.run()
    world.write("d0/0.md", "It says something else.")
    world.run()
    assert synced == []
