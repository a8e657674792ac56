"""The file that holds the journal, and the folder it lies in."""

from __future__ import annotations

import contextlib

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
