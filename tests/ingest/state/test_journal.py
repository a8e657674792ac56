"""The journal remembers what was true of files, and is never worth more than the table."""

from __future__ import annotations

import pickle
import sqlite3
from pathlib import Path

import pytest

from embedingest.errors import StoreError
from embedingest.ingest.state.journal import FileState, Journal, stat_facts


def state(source: str, **more: object) -> FileState:
    fields = {"state": "done", "content_hash": "c", "config_hash": "k", "fingerprint": "m", "chunks": 1, **more}
    return FileState(source, source.partition("/")[0], 1, 2, 3, 4, 1, **fields)  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path):
    made = Journal(tmp_path / "journal.sqlite")
    yield made
    made.close()


def test_what_was_recorded_is_there_after_a_restart(tmp_path: Path, journal: Journal) -> None:
    kept = state(
        "docs/a.eml", children=("docs/a.eml!/b.txt",), loader="mail", chunker="structured", notices={"empty": 2}
    )
    journal.record([kept])
    journal.set_root("docs", tmp_path / "caf\udce9")
    again = Journal(journal.path)
    assert again.file("docs/a.eml") == kept
    assert kept.documents == ("docs/a.eml", "docs/a.eml!/b.txt")
    assert again.roots() == {"docs": str(tmp_path / "caf\udce9")}
    again.close()


@pytest.mark.parametrize("notices", [{}, {"empty": 2}])
def test_what_is_known_of_a_file_travels_to_other_processes(journal: Journal, notices: dict[str, int]) -> None:
    kept = state("docs/a.eml", children=("docs/a.eml!/b.txt",), notices=notices)
    journal.record([kept])
    assert pickle.loads(pickle.dumps(journal.file("docs/a.eml"))) == kept


def test_a_place_with_bytes_that_are_no_text_is_remembered_by_the_journal_and_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    path = folder / "journal.sqlite"
    for lost in (False, True):
        if lost:
            path.unlink()
        journal = Journal(path)
        journal.begin_writing()
        assert journal.meta("home") == str(folder)
        journal.close()


def test_below_a_folder_means_below_it_and_nothing_beside_it(journal: Journal) -> None:
    journal.record([state(s) for s in ("docs/a", "docs/a/x", "docs/a/y/z", "docs/a.md", "docs/ab/x", "other/a/x")])
    assert journal.below("docs/a") == ["docs/a", "docs/a/x", "docs/a/y/z"]


def test_an_unfinished_transaction_leaves_nothing(journal: Journal) -> None:
    def fail() -> None:
        with journal.transaction():
            journal.record([state("docs/a")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert journal.file("docs/a") is None


@pytest.mark.parametrize("content", [b"", b"rubbish, not a database" * 400])
def test_a_damaged_journal_starts_afresh(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    journal = Journal(path)
    assert journal.fresh
    journal.mark_synced("v1")
    assert not journal.fresh
    assert journal.meta("token") == "v1"
    journal.close()


def test_a_journal_of_another_version_starts_afresh(tmp_path: Path, journal: Journal) -> None:
    journal.record([state("docs/a")])
    journal.close()
    with sqlite3.connect(journal.path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    again = Journal(journal.path)
    assert again.file("docs/a") is None
    again.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="journal"):
        Journal(tmp_path / "file" / "journal.sqlite")


def test_failed_files_come_due_and_retry_makes_all_of_them_due(journal: Journal) -> None:
    journal.record([
        state("docs/dead", state="failed", next_try=0.0),
        state("docs/soon", state="failed", next_try=50.0),
        state("docs/fine"),
    ])  # fmt: skip
    assert journal.due(40.0) == []
    assert journal.due(60.0) == ["docs/soon"]
    assert journal.retry(["docs/dead", "docs/fine"]) == 1
    assert journal.due(60.0) == ["docs/dead", "docs/soon"]
    assert journal.retry() == 2


def test_waiting_deletions_are_confirmed_by_name_or_all_at_once(journal: Journal) -> None:
    journal.set_pending(["docs/a", "docs/b", "docs/c"], 1.0)
    assert journal.confirm(["docs/b"]) == 1
    assert journal.pending() == {"docs/a": False, "docs/b": True, "docs/c": False}
    assert journal.confirm() == 3
    journal.drop(["docs/a"])
    assert set(journal.pending()) == {"docs/b", "docs/c"}


def test_what_others_wrote_before_a_new_journal_was_looked_at_is_noticed(journal: Journal) -> None:
    seen = journal.outside_changes()
    journal.path.unlink()
    journal.reopen()
    assert journal.outside_changes() != seen


def test_another_process_asks_and_is_answered(journal: Journal) -> None:
    other = Journal(journal.path)
    before = journal.outside_changes()
    key = other.ask("retry", {"sources": ["docs/a"]}, 1.0)
    assert journal.outside_changes() != before
    (request,) = journal.waiting()
    assert (request.verb, request.arguments) == ("retry", {"sources": ["docs/a"]})
    journal.answer(request.id, "done", {"tried": 1})
    answered = other.request(key)
    assert answered is not None
    assert (answered.state, answered.answer) == ("done", {"tried": 1})
    other.close()


def test_times_beyond_what_sqlite_holds_are_kept_at_its_bounds(journal: Journal) -> None:
    facts = stat_facts((1, 2**80, -(2**80), 2**64 - 1))
    journal.record([FileState("docs/a", "docs", *facts, 1, "done")])
    kept = journal.file("docs/a")
    assert kept is not None
    assert kept.stat == facts


def test_a_copy_lives_its_own_life(tmp_path: Path, journal: Journal) -> None:
    journal.record([state("docs/a")])
    copy = journal.copy_to(tmp_path / "copy.sqlite")
    copy.drop(["docs/a"])
    assert journal.file("docs/a") is not None
    copy.close()


def test_many_files_are_told_at_once(journal: Journal) -> None:
    states = {f"d/{number}": state(f"d/{number}") for number in range(1201)}
    journal.record(states.values())
    assert journal.files_of([*states, "d/unknown"]) == states
    assert journal.files_of([]) == {}


def test_files_that_gave_no_rows_are_told_apart(journal: Journal) -> None:
    journal.record([state("d/rows", chunks=2), state("d/none", chunks=0), state("e/none", chunks=0)])
    journal.record([state("d/failed", state="failed", chunks=0)])
    assert journal.without_rows("d") == ["d/none"]


def test_what_others_write_is_not_seen_in_the_midst_of_a_look(tmp_path: Path, journal: Journal) -> None:
    reader = Journal(tmp_path / "journal.sqlite", mend=False)
    with reader.unchanging():
        before = reader.known_in("d", "d/")
        journal.record([state("d/a")])
        assert reader.known_in("d", "d/") == before == {}
    assert list(reader.known_in("d", "d/")) == ["d/a"]
    reader.close()
