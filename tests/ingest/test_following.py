"""A watch at rest: what it waits for, how often it looks, and what each look costs."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from embedingest.ingest.following import followed
from embedingest.ingest.run.outage import Outage
from embedingest.ingest.scan.folders import Folders
from embedingest.ingest.state.journal import FileState, Journal
from embedingest.ingest.watch.values import Batch


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "journal.sqlite")
    yield made
    made.close()


class Turns:
    """A watcher of which each turn gives the next of these batches, and that notes how long it was waited for."""

    settle_seconds = 0.3

    def __init__(self, batches, stop):
        self.batches, self.stop, self.waits = list(batches), stop, []

    def get(self, timeout=None):
        self.waits.append(timeout)
        if not self.batches[1:]:
            self.stop.set()
        return self.batches.pop(0)

    def hold(self, root, relative, facts):
        raise AssertionError


def waits(journal, *batches):
    stop = threading.Event()
    writer = SimpleNamespace(
        stop=stop, folders=Folders(), outage=Outage(lambda: journal, room=lambda: 0), journal=journal, paused="",
        lost=False, attempt=lambda batches: None, serve_requests=lambda: iter(()),
    )  # fmt: skip
    watcher, beats = Turns(batches, stop), []
    assert list(followed(writer, watcher, now=lambda: 0.0, beat=lambda: beats.append(None))) == []
    assert len(beats) == len(watcher.waits)
    return watcher.waits


def test_a_watch_at_rest_wakes_less_than_five_times_a_second(journal):
    assert sum(wait <= 0.2 for wait in waits(journal, *[[]] * 100)) <= 30
    assert 1 / waits(journal, *[[]] * 100)[-1] <= 3


def test_after_a_change_what_others_ask_is_looked_for_often_again(journal):
    quiet = [[]] * 50
    told = waits(journal, *quiet, [Batch("r", frozenset({"a"}))], [], *quiet)
    assert told[51] == told[0] < told[49]


def test_what_is_due_is_found_without_looking_at_every_file(journal):
    statements = []
    failed = {"content_hash": "c", "kind": "transient", "attempts": 1, "next_try": 5.0}
    journal.record(
        [FileState("d/a", "d", 1, 2, 3, 4, 1, "done"), FileState("d/b", "d", 1, 2, 3, 4, 1, "failed", **failed)]
    )
    journal._db.set_trace_callback(statements.append)
    assert journal.due(10.0) == ["d/b"]
    journal._db.set_trace_callback(None)
    plan = [row[3] for statement in statements for row in journal._db.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan
    assert all("files_failed" in step for step in plan)


def test_a_journal_of_before_finds_what_is_due_as_fast(journal, tmp_path):
    journal._db.execute("DROP INDEX files_failed")
    journal.close()
    again = Journal(journal.path)
    assert again._one("SELECT 1 FROM sqlite_master WHERE name='files_failed'")
    again.close()
