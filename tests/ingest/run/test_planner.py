"""What a file means for the table depends on its rows there, on what was known of it, and on why it failed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.run.planner import PlannedFile, Planner, ReadFile, documents_of, rows_of
from embedingest.ingest.run.survey import Candidate
from embedingest.ingest.state.journal import FileState
from embedingest.types import Row
from tests.ingest.run.values import RECIPE, candidate, extracted, facts, read


class Stored:
    """Rows by source, as the table would answer them, and a planner over them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.asked: list[str] = []
        self.planner = Planner(RECIPE, self.of, now=lambda: 1000.0)

    def of(self, sources: Collection[str]) -> Mapping[str, list[Row]]:
        self.asked += sources
        return {source: self.rows[source] for source in sources if source in self.rows}

    def write(self, file: PlannedFile) -> FileState:
        """Do to the rows what the plan says; what the journal remembers."""
        rows = {row.id: row for rows in self.rows.values() for row in rows}
        rows |= {row.id: row for row in (*file.difference.new, *file.difference.refreshed)}
        for key in file.difference.gone:
            del rows[key]
        self.rows = {}
        for row in rows.values():
            self.rows.setdefault(row.source, []).append(row)
        return file.state

    def take_in(self, read: ReadFile) -> tuple[PlannedFile, FileState]:
        (file,) = self.planner.plan([read])
        return file, self.write(file)


def should_be(file: PlannedFile) -> set[Row]:
    return set(file.wanted.rows) if file.wanted is not None else set()


def everything(stored: Stored) -> set[Row]:
    return {row for rows in stored.rows.values() for row in rows}


pieces = st.lists(st.sampled_from(["one", "two", "three"]), max_size=4)
inner = st.dictionaries(st.sampled_from(["docs/a!/x", "docs/a!/y"]), pieces, max_size=2)
versions = st.lists(st.tuples(pieces, inner), min_size=1, max_size=5)


@given(versions)
def test_after_each_version_the_table_has_its_rows_and_no_others(
    versions: list[tuple[list[str], dict[str, list[str]]]],
) -> None:
    stored, state = Stored(), None
    for texts, children in versions:
        file, state = stored.take_in(read(candidate("a"), texts, children, before=state))
        assert everything(stored) == should_be(file)
        assert state.chunks == len(should_be(file))
        assert state.children == tuple(children)
        assert state.state == ("done" if should_be(file) else "empty")
        again, state = stored.take_in(read(candidate("a"), texts, children, before=state))
        assert not again.difference


@given(versions, st.sampled_from(["permanent", "transient", "machinery"]))
def test_a_failure_takes_the_rows_only_where_trying_again_cannot_help(
    versions: list[tuple[list[str], dict[str, list[str]]]], kind: str
) -> None:
    stored, state = Stored(), None
    for texts, children in versions:
        _, state = stored.take_in(read(candidate("a"), texts, children, before=state))
    before = everything(stored)
    file = stored.planner.plan_failed(candidate("a"), state, DocumentError("bad", source="docs/a", kind=kind))
    after = stored.write(file)
    assert (after.state, after.kind, file.outcome) == ("failed", kind, "failed")
    assert everything(stored) == (set() if kind == "permanent" else before)
    assert (after.next_try > 1000.0) is (kind != "permanent")


@given(st.sampled_from("ab"), st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_the_documents_of_a_file_are_its_own_and_all_inside_it_then_and_now(
    source: str, then: list[str], now: list[str]
) -> None:
    before = FileState(source, "docs", *facts()[:4], 1, "done", children=tuple(then))
    documents = documents_of(source, before, now)
    assert documents[0] == source
    assert set(documents) == {source, *then, *now}
    assert len(documents) == len(set(documents))
    assert documents_of(source, None, now) == documents_of(source, before._replace(children=()), now)
    assert rows_of(documents, {}) == []


def test_the_table_is_not_asked_about_a_file_that_the_journal_never_saw() -> None:
    stored = Stored()
    file, state = stored.take_in(read(candidate("a"), ["one"]))
    assert (stored.asked, file.outcome) == ([], "new")
    stored.take_in(read(candidate("a"), ["one", "two"], before=state))
    assert stored.asked == ["docs/a"]
    empty = state._replace(chunks=0, state="empty")
    stored.take_in(read(candidate("a"), ["one"], before=empty))
    assert stored.asked == ["docs/a"]
    stored.take_in(read(candidate("a"), ["one"], before=empty._replace(state="unverified")))
    assert stored.asked == ["docs/a", "docs/a"]


def test_the_same_bytes_with_other_times_refresh_rows_and_nothing_else() -> None:
    stored = Stored()
    _, state = stored.take_in(read(candidate("a"), ["one", "two"], before=None))
    touched = candidate("a", mtime_ns=5_000_700)
    unread = extracted(touched, ["one", "two"])
    unread = type(unread)(unread.source, state.content_hash, unread.before, unread.after)
    file, after = stored.take_in(ReadFile(touched, state, unread, settled=False))
    assert (file.outcome, len(file.difference.refreshed), file.difference.new) == ("unchanged", 2, ())
    assert {row.modified_at_ns for row in everything(stored)} == {5_000_000}, "the table keeps microseconds"
    assert (after.settled, after.mtime_ns, after.chunks) == (0, 5_000_700, 2)


def outcome(stored: Stored, file: Candidate, texts: list[str], before: FileState | None) -> str:
    (planned,) = stored.planner.plan([read(file, texts, before=before)])
    return planned.outcome


def test_a_file_is_new_changed_unchanged_or_moved() -> None:
    stored = Stored()
    _, state = stored.take_in(read(candidate("a"), ["one"]))
    assert outcome(stored, candidate("a"), ["one"], state) == "unchanged"
    assert outcome(stored, candidate("a"), ["two"], state) == "changed"
    assert outcome(stored, candidate("a"), ["one"], state._replace(state="failed")) == "new"
    assert outcome(stored, candidate("b"), [], None) == "empty"


def test_one_gone_file_explains_one_that_moved() -> None:
    stored = Stored()
    _, state = stored.take_in(read(candidate("a"), ["one"]))
    stored.planner.gone.expect([state, state._replace(source="docs/unread", content_hash="")])
    copy = extracted(candidate("a"), ["one"])
    reads = [ReadFile(candidate(name), None, copy, settled=True) for name in ("b", "c")]
    assert [file.outcome for file in stored.planner.plan(reads)] == ["moved", "new"]
    assert stored.planner.gone.moved == {"docs/a"}


def test_a_skipped_file_is_no_failure_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    stored = Stored()
    with caplog.at_level(logging.INFO):
        error = DocumentSkipped("docs/a is too large", source="docs/a", code="too_large")
        file = stored.planner.plan_failed(candidate("a"), None, error)
    assert (file.outcome, file.state.error, file.state.notices) == ("skipped", "docs/a is too large", {"too_large": 1})
    assert caplog.messages == ["docs/a is skipped: docs/a is too large"]


def test_the_vectors_that_are_known_are_taken_and_the_other_texts_named_once() -> None:
    import numpy as np

    stored = Stored()
    (file,) = stored.planner.plan([read(candidate("a"), ["one", "two", "one"])])
    one, two, _ = file.difference.new
    vector = np.ones(2, np.float32)
    assert file.use_known({one.text_hash: vector}, RECIPE) == {two.text_hash: "two"}
    assert file.vectors == {one.text_hash: vector}
