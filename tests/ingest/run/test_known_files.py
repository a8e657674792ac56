"""What is known of files is read a folder at a time, and what no scan came to is told at the end."""

from __future__ import annotations

import pytest

from embedingest.ingest.run import known_files
from embedingest.ingest.run.known_files import KnownFiles, KnownItems
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


# -- items of a source


@pytest.mark.parametrize("page", [1, 3, 1000])
@pytest.mark.parametrize("order", ["sorted", "reversed", "as named"])
def test_each_item_is_known_once_whatever_the_order_of_the_listing(journal, monkeypatch, page, order):
    monkeypatch.setattr(known_files, "_PAGE", page)
    sources = [f"d/{name}" for name in NAMES]
    listed = {"sorted": sorted(sources), "reversed": sorted(sources)[::-1], "as named": sources}[order]
    known = KnownItems(journal, "d")
    told = [known.take(source) for source in (*listed, *listed)]
    assert [fact and fact[0] for fact in told[: len(NAMES)]] == listed
    assert not any(told[len(NAMES) :])
    assert known.rest() == []


@pytest.mark.parametrize("page", [1, 3, 1000])
def test_items_that_no_listing_named_are_told_in_order(journal, monkeypatch, page):
    monkeypatch.setattr(known_files, "_PAGE", page)
    known = KnownItems(journal, "d")
    for name in ["b.md", "new.md", "a/x.md", "zz.md", "a-b.md"]:
        known.take(f"d/{name}")
    assert known.rest() == sorted(f"d/{name}" for name in NAMES if name not in {"b.md", "a/x.md", "a-b.md"})
    assert KnownItems(journal, "nobody").rest() == []


def test_a_listing_in_order_holds_no_more_than_a_page_of_what_is_known(journal, monkeypatch):
    monkeypatch.setattr(known_files, "_PAGE", 2)
    asked = []
    ask = journal.known_after
    monkeypatch.setattr(journal, "known_after", lambda *asks: asked.append(asks) or ask(*asks))
    known = KnownItems(journal, "d")
    for source in sorted(f"d/{name}" for name in NAMES):
        known.take(source)
        assert len(known._passed) + len(known._page) <= 2
    assert all(most == 2 for _, _, most in asked)
