"""A link to a folder leads to another folder."""


def before(it):
    it.library()
    it.path("again").symlink_to("notes", target_is_directory=True)


def do(it):
    it.path("again").unlink()
    it.path("again").symlink_to("work", target_is_directory=True)


def holds(it):
    assert it.embedded == []
