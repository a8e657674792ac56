"""A table that is damaged while it is followed: the watch waits, says why, loses nothing, and goes on once it is whole."""

from __future__ import annotations

import contextlib

import pytest

from embedingest.errors import DamagedTableError
from embedingest.ingest.audit.status import journal_status
from tests.faults.following import Following


def data_files(world):
    return sorted((world.db / "chunks.lance/data").iterdir(), key=lambda path: path.stat().st_size)


def test_a_watch_waits_while_files_of_its_table_are_missing(world):
    with Following(world) as following:
        path = data_files(world)[-1]
        away = path.rename(path.with_suffix(".away"))
        world.write("late.md", "A latecomer.")
        following.until(lambda: following.pipeline.outage)
        trouble = journal_status(following.pipeline.journal.path, now=world.now)["trouble"]
        assert path.name in trouble["error"]
        assert "embedingest rebuild" in trouble["remedy"]
        away.rename(path)
        following.until(lambda: "docs/late.md" in following.sources())
    world.assert_like_fresh()


def test_a_run_over_a_damaged_table_stops_before_it_writes_and_the_rest_stays(world):
    world.run()
    path = data_files(world)[-1]
    path.write_bytes(path.read_bytes()[:-100])
    world.write("late.md", "A latecomer.")
    left = {
        entry: entry.stat().st_size for entry in world.db.rglob("*") if entry.is_file() and "lock" not in entry.name
    }
    with pytest.raises(DamagedTableError, match=path.name):
        world.run()
    assert {entry: entry.stat().st_size for entry in left} == left
    with contextlib.closing(world.pipeline()) as pipeline:
        (problem,) = pipeline.verify(repair=True).problems
        assert problem.kind == "table"
