"""The root is removed with all that is in it and unpacked again."""

import shutil


def do(it):
    shutil.copytree(it.folder, it.world.base / "backup")
    shutil.rmtree(it.folder)
    it.until(lambda: it.following.notices)
    assert len(it.following.sources()) == 6
    shutil.copytree(it.world.base / "backup", it.folder)


def holds(it):
    assert it.embedded == []
