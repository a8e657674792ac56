"""A document is moved over another: one is gone, the other has its text."""


def do(it):
    it.path("notes/apes.md").rename(it.path("notes/bees.md"))


def holds(it):
    assert it.embedded == []
