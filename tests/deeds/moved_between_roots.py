"""A document moves from one root into another: no new vector."""

from embedingest.config import SourceConfig


def before(it):
    it.library()
    (it.world.base / "more").mkdir()
    (it.world.base / "more" / "one.md").write_text("One of the second root.")
    it.world.sources = [SourceConfig(path=it.folder), SourceConfig(path=it.world.base / "more")]


def do(it):
    it.path("work/dogs.md").rename(it.world.base / "more" / "dogs.md")


def holds(it):
    assert it.embedded == []
