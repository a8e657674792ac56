"""The root itself is a link, as of a release, and leads to the next one."""


def before(it):
    for number in (1, 2):
        release = it.world.base / f"release{number}"
        release.mkdir()
        (release / "kept.md").write_text("What every release keeps.")
        (release / "news.md").write_text(f"The news of release {number}.")
    it.folder.rmdir()
    it.folder.symlink_to(it.world.base / "release1", target_is_directory=True)


def do(it):
    aside = it.world.base / "aside"
    aside.symlink_to(it.world.base / "release2", target_is_directory=True)
    aside.rename(it.folder)
    it.until(lambda: any("release 2" in text for text in it.following.texts()))


def holds(it):
    assert it.embedded == ["The news of release 2."]
