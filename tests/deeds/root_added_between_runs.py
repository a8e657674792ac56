"""A second folder is named at the next start."""

from embedingest.config import SourceConfig


def do(it):
    with it.away():
        (it.world.base / "more").mkdir()
        (it.world.base / "more" / "one.md").write_text("One of the second root.")
        it.world.sources = [SourceConfig(path=it.folder), SourceConfig(path=it.world.base / "more")]


def holds(it):
    assert "more/one.md" in it.following.sources()
