"""The journal is a cache of the table: whatever becomes of it, nothing is embedded again and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import sqlite3

import pytest

from embedingest.errors import LockedError
from embedingest.ingest.question import Question
from embedingest.ingest.state.journal import Journal
from tests.depth import few, only_deep
from tests.faults.following import Following

pytestmark = pytest.mark.slow


def lose(path):
    path.unlink()


def truncate(path):
    path.write_bytes(b"")


def fill_with_rubbish(path):
    path.write_bytes(bytes(range(256)) * 400)


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite_a_page(path):
    data = bytearray(path.read_bytes())
    data[4096:12288] = b"\xa5" * 8192
    path.write_bytes(data)


def leave_a_foreign_wal(path):
    path.with_name(path.name + "-wal").write_bytes(b"not a write-ahead log" * 500)


def make_it_another_programs(path):
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE files (a INTEGER)")
    database.close()


def overwrite_the_first_page(path):
    with path.open("r+b") as file:
        file.write(b"\xa5" * 4096)


def zero_the_middle(path):
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(path.stat().st_size - 8192))


def write_text_over_it(path):
    path.write_text("dear diary\n" * 100)


def put_a_folder_in_its_place(path):
    path.unlink()
    (path / "inside").mkdir(parents=True)


def put_a_pipe_in_its_place(path):
    path.unlink()
    os.mkfifo(path)


def put_a_link_to_nothing_in_its_place(path):
    path.unlink()
    path.symlink_to(path.with_name("nothing") / "here")


def put_a_link_to_rubbish_in_its_place(path):
    path.unlink()
    path.with_name("rubbish.txt").write_text("somebody's text\n" * 100)
    path.symlink_to("rubbish.txt")


def put_a_folder_for_the_shared_memory(path):
    path.with_name(path.name + "-shm").mkdir()


def make_it_a_later_versions(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=99")


def drop_a_table(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DROP TABLE requests")


def spoil_the_rows(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE files SET children='[[', notices='{{', size='many'")


DEEDS = [
    overwrite_the_first_page,
    zero_the_middle,
    write_text_over_it,
    put_a_folder_in_its_place,
    put_a_pipe_in_its_place,
    put_a_link_to_nothing_in_its_place,
    put_a_link_to_rubbish_in_its_place,
    put_a_folder_for_the_shared_memory,
    make_it_a_later_versions,
    drop_a_table,
    spoil_the_rows,
    lose,
    truncate,
    fill_with_rubbish,
    cut_in_half,
    overwrite_a_page,
    leave_a_foreign_wal,
    make_it_another_programs,
]


def put_aside(path):
    """The files that were put aside in the place of this one."""
    return sorted(other for other in path.parent.glob(path.name + ".damaged-*") if other.suffix not in {"-wal", "-shm"})


def test_a_damaged_journal_is_left_alone_by_readers_and_made_again_by_the_next_run(world):
    world.run()
    before, path = world.contents(), world.state / "chunks.sqlite"
    for deed in DEEDS:
        deed(path)
        left = found_there(path)
        with contextlib.closing(world.pipeline()) as pipeline:
            assert pipeline.plan()["chunks"]["new"] == 0, deed.__name__
        assert found_there(path) == left, deed.__name__
        report = world.run()
        assert (report.embedded.texts, report.files.failed, report.files.deleted) == (0, 0, 0), deed.__name__
    assert world.contents() == before
    assert world.run().files.unchanged == 12


def found_there(path):
    """What lies where the journal lies, but for what SQLite makes beside a file that it reads."""
    names = {path.name + "-wal", path.name + "-shm"}
    return {entry.name: entry.lstat().st_ino for entry in path.parent.iterdir() if entry.name not in names}


@few(1)
@pytest.mark.parametrize("deed", [lose, overwrite_a_page, spoil_the_rows], ids=lambda deed: deed.__name__)
def test_what_changed_while_the_journal_was_damaged_is_noticed(world, deed):
    world.run()
    deed(world.state / "chunks.sqlite")
    world.write("part0/doc0.md", "quite another text")
    (world.folder / "part1/doc1.md").unlink()
    world.write("new.md", "a new document")
    report = world.run(allow_deletes=True)
    assert report.embedded.texts == 2
    world.assert_like_fresh()


def test_what_is_damaged_is_put_aside_and_named_once(world, caplog):
    world.run()
    path = world.state / "chunks.sqlite"
    overwrite_the_first_page(path)
    damaged = path.read_bytes()
    world.run()
    world.run()
    (aside,) = put_aside(path)
    assert aside.read_bytes() == damaged
    assert caplog.text.count(aside.name) == 1


@only_deep
def test_only_the_last_few_are_kept(world):
    world.run()
    path = world.state / "chunks.sqlite"
    for number in range(6):
        path.write_text(f"damage number {number}")
        world.run()
    assert [other.read_text() for other in put_aside(path)] == [f"damage number {number}" for number in (3, 4, 5)]


@only_deep
def test_verify_finds_what_no_statement_met_and_mends_it(world):
    world.run()
    path = world.state / "chunks.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name='files_noticed'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    with world.pipeline() as pipeline:
        (problem,) = pipeline.verify().problems
        assert (problem.source, problem.kind) == ("", "journal")
        assert str(path) in problem.message
        pipeline.verify(repair=True)
        assert pipeline.verify().problems == []
    assert put_aside(path)
    world.assert_like_fresh()


def test_deletions_that_waited_wait_still(world):
    world.run()
    path = world.state / "chunks.sqlite"
    for number in range(12):
        if number % 3:
            (world.folder / f"part{number % 3}/doc{number}.md").unlink()
    assert world.run().files.pending_deletes == 8
    for deed in (overwrite_the_first_page, zero_the_middle):
        deed(path)
        report = world.run()
        assert (report.files.pending_deletes, report.files.deleted) == (8, 0)
    # Those that are left are few enough to go unasked, but were asked about: what can still be read of that holds.
    for number in (1, 2, 4, 5, 7, 8):
        world.write(f"part{number % 3}/doc{number}.md", f"document {number} is back")
    assert world.run().files.pending_deletes == 2
    make_it_a_later_versions(path)
    report = world.run()
    assert (report.files.pending_deletes, report.files.deleted) == (2, 0)


def test_a_restored_snapshot_stays_though_its_journal_is_damaged(world):
    world.run()
    with world.pipeline() as pipeline:
        pipeline.journal.set_meta("paused", "before")
        pipeline.journal.set_meta("settings", "{}")
    overwrite_the_first_page(world.state / "chunks.sqlite")
    with world.pipeline() as pipeline:
        assert "before" in pipeline.paused
        assert pipeline.journal.meta("settings") == "{}"


def test_of_two_writers_that_find_it_one_mends_it(world):
    world.run()
    path = world.state / "chunks.sqlite"
    overwrite_the_first_page(path)
    with world.pipeline():
        with pytest.raises(LockedError), world.pipeline():
            pass
        with contextlib.closing(Journal(path, mend=False)) as journal:
            assert journal.fresh
    assert len(put_aside(path)) == 1


@few(1)
@pytest.mark.parametrize("deed", [overwrite_the_first_page, put_a_folder_in_its_place, write_text_over_it])
def test_a_watch_whose_journal_is_damaged_goes_on_and_answers_who_asks(world, deed):
    with Following(world) as following:
        path = following.pipeline.journal.path
        deed(path)
        world.engine.texts.clear()
        world.write("late.md", "A latecomer.")
        following.until(lambda: "docs/late.md" in following.sources())
        ask_until_answered(following, path)
        with contextlib.closing(Journal(path, mend=False)) as journal:
            assert journal.fault() is None
        assert world.engine.texts == ["A latecomer."]
    world.assert_like_fresh()


def ask_until_answered(following, path):
    """As a command does that asks the writer: where it cannot, it leaves word, and asks again."""
    question = Question(path, "retry", {"sources": []})
    with contextlib.closing(question):
        following.until(lambda: question.answer() is not None)


@only_deep
def test_the_vector_cache_may_be_lost_or_damaged_too(world):
    world.run()
    for deed in (lose, fill_with_rubbish, overwrite_the_first_page, zero_the_middle, put_a_pipe_in_its_place, lose):
        deed(world.state / "vectors.sqlite")
        world.write("new.md", f"a new document after {deed.__name__}")
        assert world.run().files.failed == 0
    assert len(put_aside(world.state / "vectors.sqlite")) == 1
    world.assert_like_fresh()
