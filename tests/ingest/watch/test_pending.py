"""Changes wait until they settle, and what belongs together is given out together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.scan.files import FileFacts
from embedingest.ingest.watch.pending import PendingChanges

FACTS = FileFacts(1, 0, 0, 1, 1, 0o100644)


def unchanged(_relative):
    return FACTS


def test_a_folder_is_due_the_settle_time_after_it_was_first_noted():
    pending = PendingChanges(0.3, 30)
    pending.note_folder("sub", 100.0)
    pending.note_folder("sub", 100.2)
    assert pending.next_due() == pytest.approx(100.3)
    assert pending.take(100.25, unchanged) == ([], set())
    assert pending.take(100.31, unchanged) == ([], {"sub"})
    assert pending.next_due() is None


def test_both_ends_of_a_rename_come_together():
    pending = PendingChanges(0.3, 30)
    pending.note_folder("old.md", 100.0)
    pending.note_file("new.md", FACTS, 100.02, age=0.0)
    assert pending.take(100.31, unchanged) == (["new.md"], {"old.md"})


def test_a_file_that_changed_without_an_event_waits_on_and_holds_no_folder_back():
    pending = PendingChanges(0.3, 30)
    pending.note_file("a.md", FACTS, 100.0, age=0.0)
    pending.note_folder("sub", 100.0)
    assert pending.take(100.31, lambda _: FACTS._replace(size=2)) == ([], {"sub"})
    assert pending.next_due() == pytest.approx(100.61, abs=0.05)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans(), st.floats(0, 0.5)), max_size=40))
def test_whatever_was_noted_is_given_out(events):
    pending, now, noted, given_out = PendingChanges(0.3, 1.0), 0.0, set(), set()
    for relative, is_folder, pause in events:
        if is_folder:
            pending.note_folder(relative, now)
        else:
            pending.note_file(relative, FACTS, now, age=0.0)
        noted.add((relative, is_folder))
        now += pause
        files, folders = pending.take(now, unchanged)
        given_out |= {(file, False) for file in files} | {(folder, True) for folder in folders}
    files, folders = pending.take(now + 1.0, unchanged)
    given_out |= {(file, False) for file in files} | {(folder, True) for folder in folders}
    assert given_out == noted
    assert pending.next_due() is None
