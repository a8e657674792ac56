"""Only the case of a name changes."""


def do(it):
    it.path("plan.md").rename(it.path("aside"))
    it.path("aside").rename(it.path("Plan.md"))
    it.path("notes").rename(it.path("Notes"))


def holds(it):
    assert it.embedded == []
