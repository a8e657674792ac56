"""While one file is read for long, the others are read, stored and deleted, and the run hears of what is saved."""

from __future__ import annotations

import threading

import pytest

from embedingest.ingest.extract.pool import WorkerPool
from embedingest.ingest.run import committer
from tests.faults.following import Following
from tests.ingest.strangers import installed
from tests.ingest.world import World
from tests.waiting import until


def workers(recipe, sizer):
    return WorkerPool(recipe.setup(sizer), slow_seconds=0.3)


class SlowWorld(World):
    """A world with real workers, where a file may hold its worker until it is let go."""

    def opener(self, table="chunks", **parts):
        return super().opener(table, **{"workers": workers, **parts})

    def write_slow(self):
        self.write("slow.moody", f"hold {self.base / 'go'}")

    def until_held(self):
        until((self.base / "go.pid").exists, "a worker that is in the slow file")

    def let_go(self):
        (self.base / "go").touch()


@pytest.fixture
def world(tmp_path):
    with installed(tmp_path):
        yield SlowWorld(tmp_path / "world", load={"loaders": {"*.moody": "moody"}})


def test_a_run_commits_the_others_while_a_file_is_read_for_long(world, monkeypatch):
    monkeypatch.setattr(committer, "COMMIT_SECONDS", 0.1)
    world.write_slow()
    for number in range(5):
        world.write(f"{number}.md", f"Text number {number}.")
    reports = []
    with world.pipeline() as pipeline:
        run = threading.Thread(target=lambda: reports.append(pipeline.converge()))
        run.start()
        world.until_held()
        until(lambda: (world.db / "chunks.lance").exists() and len(world.sources_in_table()) == 5, "the others")
        assert run.is_alive()
        world.let_go()
        run.join()
    assert reports[0].files.new == 6
    assert "docs/slow.moody" in world.sources_in_table()


def test_a_watch_hears_of_saves_and_deletions_while_it_reads_a_file_for_long(world):
    world.write("old.md", "An old text.")
    with Following(world) as following:
        world.write_slow()
        world.until_held()
        world.write("new.md", "A new text.")
        following.until(lambda: "docs/new.md" in following.sources())
        (world.folder / "old.md").unlink()
        following.until(lambda: "docs/old.md" not in following.sources())
        world.write("new.md", "A newer text.")
        following.until(lambda: "A newer text." in following.texts())
        assert "docs/slow.moody" not in following.sources()
        world.let_go()
        following.until(lambda: "docs/slow.moody" in following.sources())
