"""A save that is undone: the old text needs no new vector."""


def do(it):
    old = it.path("plan.md").read_text()
    it.write("plan.md", "The bridge is cancelled.")
    it.seen("plan.md")
    it.write("plan.md", old)


def holds(it):
    assert it.embedded == ["The bridge is cancelled."]
