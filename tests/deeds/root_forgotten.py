"""One of two roots is forgotten under the watch: it goes, and no later change brings it back."""

from embedingest.config import SourceConfig


def before(it):
    it.library()
    (it.world.base / "more").mkdir()
    (it.world.base / "more" / "one.md").write_text("One of the second root.")
    it.world.sources = [SourceConfig(path=it.folder), SourceConfig(path=it.world.base / "more")]


def do(it):
    it.ask("forget", root="more")
    it.world.sources = it.world.sources[:1]
    (it.world.base / "more" / "one.md").write_text("One that nobody follows.")


def holds(it):
    assert not [source for source in it.following.sources() if source.startswith("more/")]
