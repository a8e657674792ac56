"""A folder becomes a file and a folder again."""


def do(it):
    it.path("work").rename(it.path("aside"))
    it.write("work", "For a moment a file.")
    it.gone("work/dogs.md")
    it.path("work").unlink()
    it.path("aside").rename(it.path("work"))


def holds(it):
    assert "docs/work/dogs.md" in it.following.sources()
