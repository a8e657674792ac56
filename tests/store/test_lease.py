"""A lease in the database itself: one holder, named to others, renewed while held, free once it has run out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from embedingest.errors import LockedError
from embedingest.store.lease import LeaseLock
from embedingest.store.table import open_table
from tests.depth import only_deep
from tests.store.doubles import DIMENSIONS, MODEL, adding, row

pytestmark = pytest.mark.slow

HOLD = """
import sys, time
sys.path[:0] = {path!r}
from embedingest.store.lease import LeaseLock
lock = LeaseLock(sys.argv[1], "chunks", seconds=1.2).acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "db")


def test_a_second_writer_is_told_who_holds_it_and_until_when(uri):
    with LeaseLock(uri, "chunks") as first:
        until = first.current().until
        with pytest.raises(LockedError, match=f"process {os.getpid()} on .*, until {until[:-9]}"):
            LeaseLock(uri, "chunks").acquire()
        assert first.held
        with LeaseLock(uri, "others"):
            pass
    assert LeaseLock(uri, "chunks").current() is None
    with LeaseLock(uri, "chunks") as next_one:
        assert next_one.held
    with first:  # and again by the same object
        assert first.held


def test_nobody_holds_what_was_never_leased(uri):
    assert LeaseLock(uri, "chunks").current() is None


def test_of_many_that_ask_at_once_one_gets_it(uri):
    LeaseLock(uri, "chunks").acquire().release()
    locks = [LeaseLock(uri, "chunks") for _ in range(6)]
    start, refused = threading.Barrier(len(locks)), []

    def take(lock):
        start.wait()
        try:
            lock.acquire()
        except LockedError as error:
            refused.append(error)

    threads = [threading.Thread(target=take, args=(lock,)) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lock.held for lock in locks].count(True) == 1
    assert len(refused) == len(locks) - 1
    for lock in locks:
        lock.release()


def test_it_is_renewed_while_it_is_held(uri):
    with LeaseLock(uri, "chunks", seconds=1.2) as lock:
        first = lock.current().until
        time.sleep(1.6)
        lock.ensure()
        assert lock.current().until > first
        with pytest.raises(LockedError):
            LeaseLock(uri, "chunks").acquire()


def test_a_killed_writer_keeps_others_out_until_it_has_run_out_and_no_longer(uri):
    code = HOLD.format(path=[p for p in sys.path if p])
    with subprocess.Popen([sys.executable, "-c", code, uri], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=f"process {process.pid} "):
            LeaseLock(uri, "chunks").acquire()
        until = datetime.fromisoformat(LeaseLock(uri, "chunks").current().until)
        process.kill()
    with LeaseLock(uri, "chunks").acquire(wait_seconds=20) as lock:
        assert datetime.now(UTC) >= until
        assert lock.current().pid == os.getpid()


@only_deep
def test_of_a_writer_of_this_machine_that_is_gone_that_is_said_and_when_its_lease_ends(uri):
    code = HOLD.format(path=[p for p in sys.path if p]).replace("seconds=1.2", "seconds=600")
    code = code.replace("time.sleep(60)", "import os; os._exit(1)")
    with subprocess.Popen([sys.executable, "-c", code, uri], stdout=subprocess.PIPE, text=True) as process:
        assert process.wait() == 1
    until = LeaseLock(uri, "chunks").current().until
    gone = f"process {process.pid} of this machine .* is gone .* ends at {re.escape(until)}"
    with pytest.raises(LockedError, match=gone) as told:
        LeaseLock(uri, "chunks").acquire()
    assert told.value.remedy == "run the same command again then"


def test_a_writer_that_lost_its_lease_writes_no_more(uri):
    """As when a machine slept: its renewals stop, another takes over, and it wakes up."""
    asleep = LeaseLock(uri, "chunks", seconds=0.6).acquire()
    guarded = {"fingerprint": MODEL, "dimensions": DIMENSIONS, "create": True, "guard": asleep.ensure}
    with open_table(uri, "chunks", **guarded) as table:
        table.commit(adding(row("a.md")))
        asleep._done.set()
        time.sleep(0.7)
        with LeaseLock(uri, "chunks") as other:
            for write in (lambda: table.commit(adding(row("b.md"))), table.maintain, table.optimize):
                with pytest.raises(LockedError, match="was lost"):
                    write()
            assert table.count() == 1
            asleep.release()
            assert other.held
            with pytest.raises(LockedError):
                LeaseLock(uri, "chunks").acquire()


def test_a_writer_that_slept_goes_on_where_nobody_took_its_place(uri):
    asleep = LeaseLock(uri, "chunks", seconds=0.6).acquire()
    asleep._done.set()
    time.sleep(0.7)
    assert not asleep.held
    asleep.ensure()
    assert asleep.held
    asleep.release()
