"""A link to a folder outside leads nowhere for a while: its documents wait and come back."""

from embedingest.config import SourceConfig


def before(it):
    it.library()
    outside = it.world.base / "outside"
    outside.mkdir()
    for number in range(3):
        (outside / f"{number}.md").write_text(f"Document {number} of the outside.")
    it.path("linked").symlink_to(outside, target_is_directory=True)
    it.world.sources = [SourceConfig(path=it.folder, follow_symlinks="always")]


def do(it):
    outside = it.world.base / "outside"
    outside.rename(it.world.base / "elsewhere")
    it.until(lambda: len(it.pending()) == 3)
    (it.world.base / "elsewhere").rename(outside)
    it.until(lambda: not it.pending())


def holds(it):
    assert it.embedded == []
