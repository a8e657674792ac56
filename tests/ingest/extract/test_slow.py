"""One slow file holds back no other, in real processes: what holds waits until it is let go, however long that takes."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from concurrent.futures import wait

import pytest

from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError
from embedingest.ingest.extract.extractor import Extracted, ExtractionSettings, Job
from embedingest.ingest.extract.pool import WorkerPool
from tests.depth import only_deep
from tests.ingest.strangers import installed
from tests.waiting import HANGS_SECONDS, until

SLOW = {"slow_seconds": 0.1}
NEVER = {"slow_seconds": 600.0}


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("site")):
        yield ExtractionSettings(HashingSizer(64), loaders={"*.moody": "moody"})


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


class Stage:
    """Files that are counted as they are read, and such that hold their worker."""

    def __init__(self, folder):
        self.folder = folder
        self.tally = folder / "tally"

    def quick(self, name):
        return self.file(name, f"tally {self.tally}")

    def slow(self, name, *, large=False):
        return self.file(name, f"hold {self.folder / name}", 10**6 if large else 100)

    def file(self, name, text, size=100):
        (self.folder / f"{name}.moody").write_text(text)
        return Job(str(self.folder), f"{name}.moody", f"{name}.moody", size)

    def holder(self, name, before=0):
        """The process that is in a slow file, once it is another than `before`."""
        path = self.folder / f"{name}.pid"
        until(lambda: path.exists() and int(path.read_text()) != before, f"a process that reads {name}")
        return int(path.read_text())

    def let_go(self, *names):
        for name in names:
            (self.folder / name).touch()

    def read(self):
        """How often each quick file was read."""
        return Counter(name.removesuffix(".moody") for name in self.tally.read_text().split())


def all_read(futures):
    assert not wait(futures, HANGS_SECONDS).not_done
    return all(isinstance(future.result(0), Extracted) for future in futures)


def test_small_files_of_its_batch_are_read_past_a_slow_one_and_each_once(setup, stage):
    names = [f"f{number}" for number in range(20)]
    with WorkerPool(setup, **SLOW, spare_seconds=0.1) as pool:
        before = [pool.submit(stage.quick(name)) for name in names[:5]]
        slow = pool.submit(stage.slow("slow"))
        behind = [pool.submit(stage.quick(name)) for name in names[5:]]
        assert all_read(before + behind)
        assert not slow.done()
        assert len(pool.processes) == 2
        stage.let_go("slow")
        assert all_read([slow])
        until(lambda: len(pool.processes) == 1, "the end of the spare")
        assert all_read([pool.submit(stage.quick("after"))])
    assert stage.read() == dict.fromkeys([*names, "after"], 1)


def test_a_save_goes_past_a_slow_file_of_the_backlog(setup, stage):
    with WorkerPool(setup, slow_seconds=0.3) as pool:
        told = []
        slow = pool.submit(stage.slow("slow", large=True), on_slow=lambda: told.append("slow"))
        stage.holder("slow")
        assert all_read([pool.submit(stage.quick("save"), urgent=True)])
        assert not slow.done()
        assert told == ["slow"]


@only_deep
def test_of_several_slow_files_none_holds_back_the_others_and_all_are_read(setup, stage):
    slow = ["s1", "s2", "s3"]
    with WorkerPool(setup, **SLOW) as pool:
        held = [pool.submit(stage.slow(name)) for name in slow]
        quick = [pool.submit(stage.quick(name)) for name in "abc"]
        assert all_read(quick)
        assert not any(future.done() for future in held)
        assert len(pool.processes) <= 2
        stage.let_go(*slow)
        assert all_read(held)
    assert stage.read() == dict.fromkeys("abc", 1)


@only_deep
def test_what_was_read_before_a_worker_died_is_not_read_again(setup, stage):
    with WorkerPool(setup, **NEVER) as pool:
        before = [pool.submit(stage.quick(name)) for name in "abc"]
        held = pool.submit(stage.slow("held"))
        behind = [pool.submit(stage.quick(name)) for name in "xyz"]
        first = stage.holder("held")
        os.kill(first, signal.SIGKILL)
        second = stage.holder("held", first)
        stage.let_go("held")
        assert all_read([*before, held, *behind])
        assert second in pool.processes
    assert stage.read() == dict.fromkeys("abcxyz", 1)


@only_deep
def test_a_worker_that_is_killed_while_its_batch_is_taken_back_loses_no_file_and_doubles_none(setup, stage):
    names = [f"f{number}" for number in range(30)]
    with WorkerPool(setup, **SLOW) as pool:
        held = pool.submit(stage.slow("held"))
        spare_held = pool.submit(stage.slow("spare"))
        first = stage.holder("held")
        # The rest of the batch is with the spare now, which is at a file that holds it too.
        second = stage.holder("spare")
        behind = [pool.submit(stage.quick(name)) for name in names]
        os.kill(first, signal.SIGKILL)
        os.kill(second, signal.SIGKILL)
        assert all_read(behind)
        stage.let_go("held", "spare")
        assert all_read([held, spare_held])
    assert stage.read() == dict.fromkeys(names, 1)


@only_deep
def test_closing_ends_the_spare_too_and_answers_every_file(setup, stage):
    pool = WorkerPool(setup, **SLOW)
    futures = [pool.submit(stage.slow(name)) for name in ("s1", "s2", "s3")]
    stage.holder("s1")
    stage.holder("s2")
    processes = pool.processes
    assert len(processes) == 2
    pool.close()
    assert pool.processes == []
    for future in futures:
        assert future.cancelled() or future.exception(0).code == "worker"
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_where_no_spare_can_be_started_files_wait_and_none_fails(setup, stage, monkeypatch):
    with WorkerPool(setup, **SLOW) as pool:
        slow = pool.submit(stage.slow("slow"))
        stage.holder("slow")
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        waiting = [pool.submit(stage.quick(name)) for name in "ab"]
        assert not wait(waiting, 0.5).done
        stage.let_go("slow")
        assert all_read([slow, *waiting])


@only_deep
def test_a_slow_file_has_its_own_time_and_fails_alone(setup, stage):
    with WorkerPool(setup, timeout_seconds=1.0, **SLOW) as pool:
        slow = pool.submit(stage.slow("slow"))
        behind = [pool.submit(stage.quick(name)) for name in "abc"]
        with pytest.raises(DocumentError, match="longer than 1 s"):
            slow.result(HANGS_SECONDS)
        assert all_read(behind)
    assert stage.read() == dict.fromkeys("abc", 1)
