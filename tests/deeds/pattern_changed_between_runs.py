"""A folder is excluded between two runs, and included again."""

from embedingest.config import SourceConfig


def do(it):
    with it.away():
        it.world.sources = [SourceConfig(path=it.folder, exclude=("work/",))]
    it.until(lambda: "docs/work/dogs.md" not in it.following.sources())
    with it.away():
        it.world.sources = [SourceConfig(path=it.folder)]


def holds(it):
    assert it.embedded == []
