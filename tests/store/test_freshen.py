"""What LanceDB keeps of indices that upkeep replaced is let go of, by who writes and by who reads, and nobody sees it."""

from __future__ import annotations

import os
import shutil
import threading

import pytest

from embedingest.build.serving import open_searcher
from embedingest.build.shared import SharedEngines
from embedingest.config import Config
from embedingest.errors import StoreError
from embedingest.store import snapshots
from embedingest.store.handle import MOST_REPLACED
from embedingest.store.look import documents
from embedingest.store.values import Changes, SearchQuery, Upkeep
from tests.depth import only_deep
from tests.store.doubles import adding, row

WORDS = SearchQuery("walrus", mode="text", limit=100)
KEPT = 60  # documents, of words enough that their index is a file that is read in parts; another comes and goes
needs_descriptors = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="counts open files as Linux shows them"
)


@pytest.fixture
def searcher(table, tmp_path):
    """A reader with a session of its own, as servers and assistants have it, over a table that has its indices."""
    table.commit(adding(*(row(f"kept {number}.md", text=kept(number)) for number in range(KEPT))))
    upkeep(table)
    with open_searcher(SharedEngines(Config()), db=str(tmp_path / "db"), table="chunks", model="hashing") as opened:
        yield opened


def kept(number):
    return f"walrus number {number} " + " ".join(f"word{number * other % 997}" for other in range(30))


def upkeep(table):
    """Replace the index over words, and remove the files of the one before."""
    table.optimize(Upkeep(retention_seconds=0.001))


def change(table, number):
    """One document comes, the one before goes, and the table is tended."""
    table.commit(adding(row("new.md", text=f"walrus change {number}")))
    table.commit(Changes(delete=[row("new.md", text=f"walrus change {number - 1}").id]))
    upkeep(table)


def found(searcher):
    return sorted(hit.row.text for hit in searcher.search(WORDS).hits)


def texts(number):
    return sorted([*map(kept, range(KEPT)), f"walrus change {number}"])


def deleted_open(folder):
    """How many files of the table are open in this process that are deleted."""
    links = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:
            continue  # that of the listing itself
    return sum(link.startswith(str(folder)) and link.endswith(" (deleted)") for link in links)


@only_deep
@needs_descriptors
def test_deleted_files_stay_open_for_some_upkeeps_only_in_writer_and_reader(table, searcher, tmp_path):
    counts = []
    for number in range(5 * MOST_REPLACED):
        change(table, number)
        assert found(searcher) == texts(number)
        counts.append(deleted_open(tmp_path))
    rounds = [counts[first : first + MOST_REPLACED] for first in range(0, len(counts), MOST_REPLACED)]
    assert max(rounds[0]) > 0, "LanceDB lets go by itself: `TableHandle.freshen` is needed no more"
    assert max(counts) <= 6 * MOST_REPLACED, counts  # LanceDB keeps two of each upkeep in the writer, one in a reader
    assert min(rounds[-1]) <= 3 * MOST_REPLACED, counts  # it would be three times the upkeeps


@needs_descriptors
def test_a_reader_alone_lets_go_of_what_another_process_replaced(opened, searcher, tmp_path):
    handle = searcher.table.handle
    seen = {id(handle.database): handle.database}
    for number in range(2 * MOST_REPLACED):
        with opened() as writer:  # its session goes with it, so that what stays open is the reader's
            change(writer, number)
        assert found(searcher) == texts(number)
        assert deleted_open(tmp_path) <= 3 * MOST_REPLACED
        seen[id(handle.database)] = handle.database
    assert len(seen) >= 2


@only_deep
def test_reads_that_are_under_way_and_searches_beside_them_are_not_disturbed(table, searcher):
    stop, answers, errors = threading.Event(), [], []

    def search():
        try:
            while not stop.is_set():
                answers.append(len(found(searcher)))
        except Exception as error:  # told by the test
            errors.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    first = searcher.table.handle.database
    reading = documents(searcher.table)
    names = [next(reading)[0]]
    for thread in threads:
        thread.start()
    try:
        number = 0
        while searcher.table.handle.database is first:
            table.commit(adding(row("new.md", text=f"walrus change {number}")))
            table.optimize(Upkeep(retention_seconds=60.0))
            table.commit(Changes(delete=[row("new.md", text=f"walrus change {number}").id]))
            number += 1
            assert number < 20 * MOST_REPLACED
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    names += [name for name, _ in reading]
    assert not errors
    assert set(answers) <= {KEPT, KEPT + 1}
    assert sorted(names) == sorted(f"kept {number}.md" for number in range(KEPT))


@only_deep
def test_a_snapshot_stays_at_its_version_however_often_indices_are_replaced(table, searcher, tmp_path):
    snapshots.tag(table, "then")
    place = {"db": str(tmp_path / "db"), "table": "chunks", "model": "hashing"}
    with open_searcher(SharedEngines(Config()), **place, snapshot="then") as past:
        for number in range(2 * MOST_REPLACED):
            change(table, number)
            assert len(found(past)) == KEPT
    snapshots.restore(table, "then")
    assert len(found(searcher)) == KEPT


def test_a_reader_whose_table_is_gone_says_so_and_makes_no_folder(table, searcher, tmp_path):
    for number in range(MOST_REPLACED - 1):
        change(table, number)
        found(searcher)
    change(table, MOST_REPLACED)
    shutil.rmtree(tmp_path / "db")
    with pytest.raises(StoreError, match="chunks"):
        searcher.search(WORDS)
    assert not (tmp_path / "db").exists()
