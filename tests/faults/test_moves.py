"""A move is a move, however many files go: no reader misses a text meanwhile, nothing is embedded, nobody is asked."""

from __future__ import annotations

import contextlib
import os
import shutil
import time

import pytest

from tests.depth import few, only_deep
from tests.faults.following import Following
from tests.ingest.world import World

pytestmark = pytest.mark.slow

WAYS = {"events": False, "polling": True}
ROUNDS = [
    pytest.param(way, count, marks=[] if count in (1, 200) else only_deep) for way in WAYS for count in (1, 17, 60, 200)
]


class Witness:
    """The real table; after each commit it notes which of the `expected` texts a reader would miss."""

    def __init__(self, table, expected, missed):
        self._table, self._expected, self._missed = table, expected, missed

    def commit(self, changes):
        self._table.commit(changes)
        if self._expected:
            rows = self._table.rows(list(self._table.source_states()))
            self._missed.update(self._expected - {row.text for rows in rows.values() for row in rows})

    def __getattr__(self, name):
        return getattr(self._table, name)


class Moving(World):
    """A folder `from` whose documents are to move, an hour old, and a few others."""

    def __init__(self, base, count, others=5):
        super().__init__(base)
        self.expected, self.missed, self.documents = set(), set(), count + others
        self.wrap = lambda table: Witness(table, self.expected, self.missed)
        for number in range(count):
            self.rested(f"from/part{number % 3}/doc{number}.md", f"The text that moves, {number}.")
        for number in range(others):
            self.rested(f"stays/doc{number}.md", f"The text that stays, {number}.")

    def rested(self, name, text):
        path = self.write(name, text)
        an_hour_ago = time.time() - 3600
        os.utime(path, (an_hour_ago, an_hour_ago))

    def watch(self, following):
        """From here on every text that is stored now has to be there after each commit, and none is embedded."""
        self.expected.update(following.texts())
        self.engine.texts.clear()


def arrived(following, count, top="to"):
    sources = following.sources()
    return (
        sum(source.startswith(f"docs/{top}/") for source in sources) == count
        and not any(source.startswith("docs/from/") for source in sources)
    )  # fmt: skip


def counts(following, name):
    return sum(getattr(report.files, name) for report in following.reports)


@few(2)
@pytest.mark.parametrize(("way", "count"), ROUNDS)
def test_a_folder_that_is_moved_takes_every_row_along(tmp_path, way, count):
    world = Moving(tmp_path, count)
    with Following(world, polling=WAYS[way]) as following:
        world.watch(following)
        (world.folder / "from").rename(world.folder / "to")
        following.until(lambda: arrived(following, count))
        # A look in the middle of the rename sees a file at both ends: a copy for one run, and no move.
        following.until(lambda: counts(following, "moved") + counts(following, "new") == count + world.documents)
        assert following.pending() == set()
    assert world.missed == set()
    assert world.engine.texts == []
    world.assert_like_fresh()


@few(1)
@pytest.mark.parametrize("way", WAYS)
def test_files_that_are_moved_one_by_one_or_copied_and_removed_take_their_rows_along(tmp_path, way):
    world = Moving(tmp_path, 60)
    with Following(world, polling=WAYS[way]) as following:
        world.watch(following)
        (world.folder / "to").mkdir()
        for path in sorted((world.folder / "from/part0").iterdir()):
            path.rename(world.folder / "to" / path.name)
        shutil.copytree(world.folder / "from/part1", world.folder / "to/part1")
        shutil.rmtree(world.folder / "from/part1")
        shutil.move(world.folder / "from/part2", world.folder / "to/part2")
        following.until(lambda: arrived(following, 60))
        assert following.pending() == set()
    assert world.missed == set()
    assert world.engine.texts == []
    world.assert_like_fresh()


@only_deep
@pytest.mark.parametrize("way", WAYS)
def test_a_move_while_a_backlog_is_under_way_loses_nothing_and_does_not_wait_for_its_end(tmp_path, way):
    world = Moving(tmp_path, 60)
    with Following(world, polling=WAYS[way]) as following:
        world.watch(following)
        for number in range(200):
            world.rested(f"backlog/b{number}.md", f"Another text of the backlog, {number}. " * 20)
        following.until(lambda: any(source.startswith("docs/backlog/") for source in following.sources()))
        (world.folder / "from").rename(world.folder / "to")
        following.until(lambda: arrived(following, 60))
        assert following.pending() == set()
        following.until(lambda: len(following.sources()) == 265)
    assert world.missed == set()
    assert not [text for text in world.engine.texts if "moves" in text]
    world.assert_like_fresh()


@few(1)
@pytest.mark.parametrize("way", WAYS)
def test_a_folder_that_is_moved_right_after_it_was_written_takes_its_rows_along(tmp_path, way):
    world = Moving(tmp_path, 40)
    with Following(world, polling=WAYS[way], settle_ms=400) as following:
        world.watch(following)
        for path in (world.folder / "from").rglob("*.md"):
            path.touch()
        (world.folder / "from").rename(world.folder / "to")
        following.until(lambda: arrived(following, 40))
        assert following.pending() == set()
    assert world.missed == set()
    assert world.engine.texts == []
    world.assert_like_fresh()


def test_what_is_deleted_while_a_folder_moves_is_deleted_and_most_of_it_still_waits_for_a_person(tmp_path):
    world = Moving(tmp_path, 30, others=40)
    with Following(world) as following:
        world.engine.texts.clear()
        shutil.rmtree(world.folder / "stays")
        (world.folder / "from").rename(world.folder / "to")
        following.until(lambda: arrived(following, 30))
        following.until(lambda: len(following.pending()) == 40)
        assert len(following.sources()) == 70
    assert world.engine.texts == []


@only_deep
def test_without_the_vector_cache_a_move_embeds_nothing_either(tmp_path):
    world = Moving(tmp_path, 60)
    with Following(world) as following:
        world.watch(following)
        for path in world.state.glob("vectors.sqlite*"):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        (world.folder / "from").rename(world.folder / "to")
        following.until(lambda: arrived(following, 60))
    assert world.missed == set()
    assert world.engine.texts == []
