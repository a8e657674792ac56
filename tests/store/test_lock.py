"""One writer per table, who it is, and that a killed one leaves nothing locked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from embedingest.errors import LockedError, StoreError
from embedingest.store.lock import WriterLock

HOLD = """
import sys, time
sys.path[:0] = {path!r}
from embedingest.store.lock import WriterLock
lock = WriterLock(sys.argv[1], "chunks").acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    code = HOLD.format(path=[p for p in sys.path if p])
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "db")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_and_told_who_writes(tmp_path, holder):
    with pytest.raises(LockedError, match=f"process {holder.pid} on ") as raised:
        WriterLock(tmp_path / "db", "chunks").acquire()
    assert "since 20" in str(raised.value)


def test_a_killed_writer_leaves_the_table_free(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with WriterLock(tmp_path / "db", "chunks").acquire(wait_seconds=5) as lock:
        assert lock.holder().pid == os.getpid()


def test_other_tables_of_the_database_stay_free(tmp_path, holder):
    with WriterLock(tmp_path / "db", "others") as lock:
        assert lock.held


def test_a_second_lock_in_the_same_process_is_refused_until_the_first_is_released(tmp_path):
    first, second = WriterLock(tmp_path, "chunks").acquire(), WriterLock(tmp_path, "chunks")
    with pytest.raises(LockedError, match=rf"another call in this program, process {os.getpid()}"):
        second.acquire()
    first.release()
    first.release()
    with second:
        assert second.held
    assert second.holder() is None


def test_a_folder_that_cannot_be_made_is_an_error_with_its_path(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="file/db"):
        WriterLock(tmp_path / "file" / "db", "chunks").acquire()


def test_an_object_store_is_locked_in_the_state_folder(tmp_path):
    with WriterLock("s3://bucket/db", "chunks", state=tmp_path) as lock:
        assert lock.held
    with pytest.raises(StoreError, match="needs a folder"):
        WriterLock("s3://bucket/db", "chunks")


# -- a lock that is removed while it is held


def test_a_lock_that_was_removed_or_replaced_is_lost_and_nothing_may_be_written(tmp_path):
    lock = WriterLock(tmp_path / "db", "chunks").acquire()
    lock.ensure()
    shutil.rmtree(tmp_path / "db")
    assert lock.lost
    with pytest.raises(LockedError, match="was removed while it is written"):
        lock.ensure()
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / ".chunks.lock").touch()
    assert lock.lost


def test_a_lost_lock_is_taken_anew_and_keeps_others_out(tmp_path):
    lock = WriterLock(tmp_path / "db", "chunks").acquire()
    shutil.rmtree(tmp_path / "db")
    lock.retake()
    lock.ensure()
    with pytest.raises(LockedError, match=str(os.getpid())):
        WriterLock(tmp_path / "db", "chunks").acquire()
    lock.release()


def test_a_lost_lock_that_another_process_took_is_not_taken_and_not_given_back_for_it(tmp_path):
    lock = WriterLock(tmp_path / "db", "chunks").acquire()
    shutil.rmtree(tmp_path / "db")
    with WriterLock(tmp_path / "db", "chunks") as others:
        with pytest.raises(LockedError):
            lock.retake()
        assert not lock.held
        lock.release()
        assert others.holder() is not None
        assert not others.lost


def test_the_end_of_a_writer_that_lost_its_lock_leaves_the_lock_of_the_next_alone(tmp_path):
    lock = WriterLock(tmp_path / "db", "chunks").acquire()
    shutil.rmtree(tmp_path / "db")
    with WriterLock(tmp_path / "db", "chunks") as others:
        lock.release()
        assert others.holder().pid == os.getpid()
        others.ensure()
