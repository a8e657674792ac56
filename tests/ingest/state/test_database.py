"""The file that holds the journal, and the folder it lies in."""

from __future__ import annotations

import contextlib
import sqlite3
from functools import partial

from embedingest.ingest.state.journal import Journal


def test_the_state_folder_keeps_itself_out_of_git(tmp_path):
    with contextlib.closing(Journal(tmp_path / ".embedingest/chunks.sqlite")):
        assert (tmp_path / ".embedingest/.gitignore").read_text().endswith("\n*\n")
    with contextlib.closing(Journal(tmp_path / "elsewhere/chunks.sqlite")):
        assert not (tmp_path / "elsewhere/.gitignore").exists()


def test_who_wants_it_in_git_takes_the_rule_away(tmp_path):
    rules = tmp_path / ".embedingest/.gitignore"
    with contextlib.closing(Journal(tmp_path / ".embedingest/chunks.sqlite")):
        rules.unlink()
    with contextlib.closing(Journal(tmp_path / ".embedingest/chunks.sqlite")):
        assert not rules.exists()


def test_two_that_make_one_journal_at_once_have_one_and_none_is_put_aside(tmp_path, monkeypatch):
    path, opened = tmp_path / "chunks.sqlite", []

    class Overtaken(sqlite3.Connection):
        """Somebody else makes the journal while this one looks what is there."""

        def execute(self, query, *values):
            cursor = super().execute(query, *values)
            if "user_version" in query and not opened:
                opened.append(True)
                opened.append(Journal(path))
            return cursor

    with monkeypatch.context() as slow:
        slow.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Overtaken))
        mine = Journal(path)
    with contextlib.closing(mine), contextlib.closing(opened[1]) as theirs:
        theirs.set_meta("said by", "the other")
        assert mine.meta("said by") == "the other"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_who_makes_a_journal_tries_again_where_another_was_at_it(tmp_path, monkeypatch):
    path = tmp_path / "chunks.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:

        class Refused(sqlite3.Connection):
            """Whoever else makes it is gone once that was in the way."""

            def execute(self, query, *values):
                try:
                    return super().execute(query, *values)
                except sqlite3.OperationalError:
                    other.execute("ROLLBACK")
                    raise

        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Refused))
        with contextlib.closing(Journal(path)) as journal:
            assert not other.in_transaction
            journal.set_meta("said", "yes")
