"""A link goes; what it led to stays."""


def before(it):
    it.library()
    it.path("now.md").symlink_to("notes/apes.md")


def do(it):
    it.path("now.md").unlink()


def holds(it):
    assert "docs/notes/apes.md" in it.following.sources()
