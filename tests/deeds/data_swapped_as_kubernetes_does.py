"""A mounted configuration: `..data` leads to a dated folder and is swapped for the next one."""

import shutil


def version(it, number):
    folder = it.path(f"..2026_11_{number}")
    folder.mkdir()
    (folder / "settings.md").write_text(f"The settings of version {number}.")
    it.path("..data_tmp").symlink_to(folder.name, target_is_directory=True)
    it.path("..data_tmp").rename(it.path("..data"))


def before(it):
    it.library()
    version(it, 1)
    it.path("settings.md").symlink_to("..data/settings.md")


def do(it):
    version(it, 2)
    shutil.rmtree(it.path("..2026_11_1"))


def holds(it):
    assert it.embedded == ["The settings of version 2."]
