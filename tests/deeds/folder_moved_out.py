"""A folder is moved out of the root: its documents go."""


def do(it):
    it.path("work").rename(it.world.base / "elsewhere")


def holds(it):
    assert "docs/work/dogs.md" not in it.following.sources()
