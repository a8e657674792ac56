"""A document gets a suffix that nobody reads, and its own again."""


def do(it):
    it.path("plan.md").rename(it.path("plan.exe"))
    it.gone("plan.md")
    it.path("plan.exe").rename(it.path("plan.md"))


def holds(it):
    assert it.embedded == []
