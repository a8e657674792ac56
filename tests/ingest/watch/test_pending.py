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


def test_the_old_end_of_a_rename_waits_for_the_new_one_however_long_that_takes_to_rest():
    pending = PendingChanges(0.3, 30)
    pending.note_folder("old.md", 100.0)
    pending.note_file("new.md", FACTS, 100.0, age=0.0)
    pending.note_move("old.md", "new.md")
    pending.note_file("new.md", FACTS, 100.25, age=0.0)
    assert pending.take(100.31, unchanged) == ([], set())
    assert pending.take(100.6, lambda _: FACTS._replace(size=2)) == ([], set())
    assert pending.take(101.0, lambda _: FACTS._replace(size=2)) == (["new.md"], {"old.md"})
    assert pending.next_due() is None


def test_the_new_end_of_a_rename_brings_the_old_ones_along():
    pending = PendingChanges(0.3, 30)
    for second, (old, new) in enumerate([("a", "b"), ("b", "c")]):
        pending.note_folder(old, 100.0 + second / 10)
        pending.note_move(old, new)
    pending.note_file("c", FACTS, 99.99, age=0.0)
    assert pending.take(100.3, unchanged) == (["c"], {"a", "b"})


def test_a_folder_that_was_touched_and_then_moved_is_told_with_the_place_it_was_moved_to():
    pending = PendingChanges(0.3, 30)
    pending.note_folder("from", 100.0)
    pending.note_folder("to", 100.2)
    pending.note_move("from", "to")
    assert pending.take(100.31, unchanged) == ([], set())
    assert pending.take(100.51, unchanged) == ([], {"from", "to"})


NOTES = st.one_of(
    st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 0.5)),
    st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.floats(0, 0.5)),
)


@given(st.lists(NOTES, max_size=40))
def test_whatever_was_noted_is_given_out(notes):
    pending, now, noted, given_out = PendingChanges(0.3, 1.0), 0.0, set(), set()
    for path, other, pause in notes:
        if isinstance(other, str):
            pending.note_folder(path, now)
            pending.note_file(other, FACTS, now, age=0.0)
            pending.note_move(path, other)
            noted |= {(path, True), (other, False)}
        elif other:
            pending.note_folder(path, now)
            noted.add((path, True))
        else:
            pending.note_file(path, FACTS, now, age=0.0)
            noted.add((path, False))
        now += pause
        files, folders = pending.take(now, unchanged)
        given_out |= {(file, False) for file in files} | {(folder, True) for folder in folders}
    for _ in range(5):
        now += 1.0
        files, folders = pending.take(now, unchanged)
        given_out |= {(file, False) for file in files} | {(folder, True) for folder in folders}
    assert given_out == noted
    assert pending.next_due() is None
