"""Two documents swap their names."""


def do(it):
    aside = it.path("aside.md")
    it.path("notes/apes.md").rename(aside)
    it.path("notes/bees.md").rename(it.path("notes/apes.md"))
    aside.rename(it.path("notes/bees.md"))


def holds(it):
    assert it.embedded == []
