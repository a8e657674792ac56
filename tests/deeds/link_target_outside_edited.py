"""What lies outside the root and is linked to, where links are always followed, is edited there."""

from embedingest.config import SourceConfig


def before(it):
    it.library()
    outside = it.world.base / "outside"
    outside.mkdir()
    (outside / "one.md").write_text("One of the outside.")
    it.path("linked").symlink_to(outside, target_is_directory=True)
    it.world.sources = [SourceConfig(path=it.folder, follow_symlinks="always")]


def do(it):
    (it.world.base / "outside" / "one.md").write_text("One that was edited outside.")
    (it.world.base / "outside" / "two.md").write_text("Two that came outside.")


def holds(it):
    assert sorted(it.embedded) == ["One that was edited outside.", "Two that came outside."]
