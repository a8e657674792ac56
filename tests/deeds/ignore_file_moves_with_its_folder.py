"""A folder with an ignore file is moved: its rules go with it."""


def before(it):
    it.library()
    it.rested("notes/.gitignore", "bees.md\n")


def do(it):
    it.path("notes").rename(it.path("kept"))


def holds(it):
    assert "docs/kept/bees.md" not in it.following.sources()
