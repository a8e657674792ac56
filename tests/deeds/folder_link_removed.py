"""A link to a folder goes, and with it the documents below it only."""


def before(it):
    it.library()
    it.path("again").symlink_to("notes", target_is_directory=True)


def do(it):
    it.path("again").unlink()


def holds(it):
    assert "docs/notes/apes.md" in it.following.sources()
