"""A failed file is tried again later and later, a limited number of times, and not at all where that cannot help."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import DocumentError
from embedingest.ingest.state.file_state import FileState
from embedingest.ingest.state.retries import MAX_ATTEMPTS, after_failure, delay, still_stored

STATE = FileState("docs/a", "docs", 1, 2, 3, 4, 1, "done")


def failed(before, kind="transient", state=STATE):
    return after_failure(state, before, DocumentError("no", source="docs/a", kind=kind, code="unreadable"), now=100.0)


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_the_delay_lies_between_one_second_and_a_quarter_of_an_hour(attempts, jitter):
    assert 1.0 <= delay(attempts, jitter) <= 900.0
    assert delay(attempts, jitter) <= delay(attempts + 1, jitter)


def test_attempts_are_counted_until_there_have_been_enough():
    state = failed(None)
    for attempts in range(1, MAX_ATTEMPTS):
        assert (state.attempts, state.next_try > 100.0) == (attempts, True)
        state = failed(state)
    assert (state.attempts, state.next_try) == (MAX_ATTEMPTS, 0.0)


def test_a_changed_file_begins_anew():
    before = failed(failed(None))
    assert failed(before, state=STATE._replace(size=9)).attempts == 1


@pytest.mark.parametrize(("kind", "again"), [("permanent", False), ("transient", True), ("machinery", True)])
def test_only_what_may_pass_is_tried_again(kind, again):
    assert (failed(None, kind).next_try > 0) == again


def test_the_rows_of_an_earlier_version_stay_those_of_the_failed_file():
    before = STATE._replace(content_hash="c", chunks=3, children=("docs/a!/b",), notices={"empty": 1})
    kept = still_stored(failed(before), before)
    assert (kept.state, kept.content_hash, kept.chunks) == ("failed", "c", 3)
    assert (kept.documents, kept.notices) == (("docs/a", "docs/a!/b"), {"empty": 1})
