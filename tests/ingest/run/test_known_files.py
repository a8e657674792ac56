"""What is known of files is read a folder at a time, and what no scan came to is told at the end."""

from __future__ import annotations

import pytest

from embedingest.ingest.run.known_files import KnownFiles
from embedingest.ingest.state.journal import FileState, Journal

NAMES = [
    "a.md",
    "a-b.md",
    "a/x.md",
    "a/deep/y.md",
    "a/deep/z.md",
    "a0/x.md",
    "a!/x.md",
    "b.md",
    "caf%E9/x.md",
    "z/é.md",
]


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "journal.sqlite")
    made.record([FileState(f"{alias}/{name}", alias, 1, 2, 3, 4, 1, "done") for alias in "de" for name in NAMES])
    made.record([FileState("alone", "alone", 1, 2, 3, 4, 1, "done")])
    yield made
    made.close()


def test_each_file_is_known_once_whatever_the_order_of_folders(journal):
    known = KnownFiles(journal, "d")
    sources = [f"d/{name}" for name in [*reversed(NAMES), *NAMES]]
    told = [known.take(source) for source in sources]
    assert [fact and fact[0] for fact in told[: len(NAMES)]] == sources[: len(NAMES)]
    assert not any(told[len(NAMES) :])
    assert known.rest() == []


def test_what_was_not_taken_is_left_in_folders_that_were_looked_into_and_in_others(journal):
    known = KnownFiles(journal, "d")
    for name in ["b.md", "new.md", "a/x.md", "b.md", "new/x.md", "a/deep/y.md", "a-b.md"]:
        known.take(f"d/{name}")
    taken = {"b.md", "a/x.md", "a/deep/y.md", "a-b.md"}
    assert known.rest() == sorted(f"d/{name}" for name in NAMES if name not in taken)


def test_a_root_may_be_one_file(journal):
    known = KnownFiles(journal, "alone")
    assert known.take("alone")[0] == "alone"
    assert known.rest() == []
    assert KnownFiles(journal, "alone").rest() == ["alone"]


def test_a_folder_of_any_number_of_files_is_one_read_and_only_one_folder_is_held(journal):
    journal.record([FileState(f"m/{f}/{n}.md", "m", 1, 2, 3, 4, 1, "done") for f in range(10) for n in range(50)])
    statements = []
    journal._db.set_trace_callback(statements.append)
    known, held = KnownFiles(journal, "m"), 0
    for folder in range(10):
        for number in range(50):
            assert known.take(f"m/{folder}/{number}.md")
            held = max(held, len(known._here) + len(known._left))
    assert known.rest() == []
    journal._db.set_trace_callback(None)
    assert len(statements) == 10 + 1
    assert held < 50
