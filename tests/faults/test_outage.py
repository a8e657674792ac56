"""A watch outlives engines and disks that fail for a while, says so in `status`, and ends up with the same table."""

from __future__ import annotations

import contextlib
import errno
import os
import time

import pytest

from embedingest.errors import EngineClosedError, EngineError, FingerprintError, StoreError
from embedingest.ingest.audit.status import journal_status
from embedingest.ingest.run import outage
from embedingest.ingest.state.journal import Journal
from tests.depth import few, only_deep
from tests.faults.following import Following
from tests.ingest.world import CountingEngine

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Tries again after a tenth of a second, not after two."""
    monkeypatch.setattr(outage, "_LONGEST_SECONDS", 0.1)


class Failing(CountingEngine):
    """An engine that raises `error` while that is set."""

    error: BaseException | None = None
    failures = 0

    def embed(self, texts, **options):
        if self.error is not None:
            self.failures += 1
            raise self.error
        return super().embed(texts, **options)


class FailingTable:
    """A table whose commits raise `world.error` while that is set."""

    def __init__(self, table, world):
        self.table = table
        self.world = world

    def commit(self, changes):
        if self.world.error is not None:
            self.world.failures += 1
            raise self.world.error
        self.table.commit(changes)

    def __getattr__(self, name):
        return getattr(self.table, name)


def status(world):
    return journal_status(world.state / "chunks.sqlite", now=time.time())["trouble"]


@few(1)
@pytest.mark.parametrize("error", [EngineError("out of memory"), ConnectionRefusedError("nobody listens")])
def test_an_engine_that_fails_for_a_while_is_tried_again_and_shown(world, error):
    world.engine = Failing()
    with Following(world) as following:
        world.engine.error = error
        world.write("part0/doc0.md", "written while the engine was away")
        following.until(lambda: world.engine.failures > 2)
        said = status(world)
        assert str(error).splitlines()[0] in said["error"]
        assert said["attempts"] >= 1
        world.engine.error = None
        following.until(lambda: "written while the engine was away" in following.texts())
        following.until(lambda: status(world) is None)
        following.until_quiet()
    world.assert_like_fresh()


def test_a_store_that_fails_for_a_while_is_opened_anew_and_nothing_is_embedded_twice(world):
    world.error, world.failures = None, 0
    world.wrap = lambda table: FailingTable(table, world)
    with Following(world) as following:
        opened = world.tables_opened
        world.error = StoreError("cannot write to table `chunks`: no space left on device")
        world.engine.texts.clear()
        world.write("part1/doc1.md", "written while the disk was full")
        following.until(lambda: world.failures > 2)
        assert "no space left" in status(world)["error"]
        world.error = None
        following.until(lambda: "written while the disk was full" in following.texts())
        assert world.engine.texts.count("written while the disk was full") == 1
        assert world.tables_opened > opened
        following.until_quiet()
    world.assert_like_fresh()


@only_deep
def test_a_journal_that_refuses_for_a_while_does_not_end_the_watch(world, monkeypatch):
    refused = []

    def refuse(self, states):
        refused.append(states)
        raise StoreError("the journal cannot be used: database or disk is full")

    with Following(world) as following:
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "record", refuse)
            world.write("part2/doc2.md", "written while the journal refused")
            following.until(lambda: len(refused) > 2)
        following.until(lambda: "written while the journal refused" in following.texts())
        following.until_quiet()
    world.assert_like_fresh()


@only_deep
def test_a_disk_that_may_be_written_again_or_a_saved_file_ends_the_longest_wait(world, monkeypatch):
    """The waits stay as long as they are, a minute; nothing here could wait for that."""
    monkeypatch.setattr(outage, "_LONGEST_SECONDS", 3600.0)
    monkeypatch.setattr(outage, "delay", lambda attempts, jitter: 3600.0)
    world.error, world.failures = None, 0
    world.wrap = lambda table: FailingTable(table, world)
    with Following(world) as following:
        for mend in ("room", "save"):
            failures = world.failures
            world.error = StoreError("cannot write to table `chunks`: permission denied")
            world.room = -1 if mend == "room" else 0
            world.write("part1/doc1.md", f"written before the {mend}")
            # Noted once it has looked at the room: mended before that, there would be nothing to see.
            following.until(lambda before=failures: world.failures > before and status(world) is not None)
            world.error, world.room = None, 10**9
            if mend == "save":
                world.write("part1/doc2.md", "another one")
            following.until(lambda mend=mend: f"written before the {mend}" in following.texts())
            following.until(lambda: status(world) is None)


def test_what_no_waiting_mends_ends_the_watch(world):
    world.error, world.failures = None, 0
    world.wrap = lambda table: FailingTable(table, world)

    def watch():
        with Following(world) as following:
            world.error = FingerprintError("table `chunks` holds vectors of another model")
            world.write("part0/doc0.md", "never stored")
            following.until(lambda: False)

    with pytest.raises(FingerprintError):
        watch()


def test_what_fails_before_anything_worked_is_a_mistake_of_the_setup(world):
    world.engine = Failing()
    world.engine.error = EngineClosedError("no such server")
    for path in world.folder.rglob("*.md"):
        os.utime(path, (1, 1))  # a watch leaves what is being written for later
    with pytest.raises(EngineClosedError), world.pipeline() as pipeline:
        next(iter(pipeline.follow()))


def test_a_full_disk_that_cannot_take_the_note_is_no_further_trouble(world):
    world.run()
    with contextlib.closing(Journal(world.state / "chunks.sqlite")) as journal:
        one = outage.Outage(lambda: journal)

        def full(key, value):
            raise StoreError(f"the journal cannot be used: {errno.errorcode[errno.ENOSPC]}")

        journal.set_meta = full
        one.failed(StoreError("disk full"))
        assert one
        time.sleep(0.11)
        assert one.due
        one.over()
        assert not one
