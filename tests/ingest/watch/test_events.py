"""Events by way of watchfiles, as other systems than Linux have them."""

from __future__ import annotations

import queue

import pytest

from embedingest.ingest.watch.events import EventsReady, NoEventsError, TreeEvents
from tests.waiting import HANGS_SECONDS


def taken(events, inbox, *expected):
    paths = set()
    while not paths >= set(expected):
        assert isinstance(inbox.get(timeout=HANGS_SECONDS), EventsReady)
        paths |= events.take().paths
    return paths


def test_all_that_lies_below_a_folder_is_told_by_relative_path(tmp_path):
    inbox = queue.SimpleQueue()
    (tmp_path / "sub").mkdir()
    events = TreeEvents(str(tmp_path), inbox, single_file=False)
    try:
        assert events.extend([""]) == []
        (tmp_path / "sub/a.md").write_text("text")
        taken(events, inbox, "sub/a.md")
        (tmp_path / "sub/a.md").rename(tmp_path / "b.md")
        taken(events, inbox, "sub/a.md", "b.md")
    finally:
        events.close()
    assert not events.is_alive()


def test_of_a_single_file_nothing_else_is_told(tmp_path):
    inbox = queue.SimpleQueue()
    events = TreeEvents(str(tmp_path / "a.md"), inbox, single_file=True)
    try:
        (tmp_path / "b.md").write_text("text")
        (tmp_path / "a.md").write_text("text")
        assert taken(events, inbox, "") == {""}
    finally:
        events.close()


def test_where_there_is_no_folder_there_are_no_events(tmp_path):
    with pytest.raises(NoEventsError):
        TreeEvents(str(tmp_path / "nothing"), queue.SimpleQueue(), single_file=False)
