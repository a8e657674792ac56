"""Another folder takes the place of the root, with other documents beside the old ones."""

import shutil


def do(it):
    shutil.copytree(it.folder, it.world.base / "new")
    (it.world.base / "new" / "added.md").write_text("Added in the new folder.")
    it.folder.rename(it.world.base / "old")
    (it.world.base / "new").rename(it.folder)


def holds(it):
    assert it.embedded == ["Added in the new folder."]
