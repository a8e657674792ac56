"""The journal is a cache of the table: whatever becomes of it, nothing is embedded again and nothing is lost."""

from __future__ import annotations

import sqlite3

import pytest


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


DEEDS = [
    lose,
    truncate,
    fill_with_rubbish,
    cut_in_half,
    overwrite_a_page,
    leave_a_foreign_wal,
    make_it_another_programs,
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_a_damaged_journal_is_rebuilt_without_embedding(world, deed):
    world.run()
    before = world.contents()
    deed(world.state / "chunks.sqlite")
    report = world.run()
    assert report.embedded.texts == 0
    assert report.files.failed == 0
    assert world.contents() == before
    assert world.run().files.unchanged == 12


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_what_changed_while_the_journal_was_damaged_is_noticed(world, deed):
    world.run()
    deed(world.state / "chunks.sqlite")
    world.write("part0/doc0.md", "quite another text")
    (world.folder / "part1/doc1.md").unlink()
    world.write("new.md", "a new document")
    report = world.run(allow_deletes=True)
    assert report.embedded.texts == 2
    world.assert_like_fresh()


def test_the_vector_cache_may_be_lost_or_damaged_too(world):
    world.run()
    for deed in (lose, fill_with_rubbish):
        deed(world.state / "vectors.sqlite")
        world.write("new.md", f"a new document after {deed.__name__}")
        assert world.run().files.failed == 0
    world.assert_like_fresh()
