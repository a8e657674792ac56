"""Nobody may read a document for a while; then it may be read again."""


def do(it):
    it.path("plan.md").chmod(0)
    it.write("work/more.md", "More while it was forbidden.")
    it.seen("work/more.md")
    it.path("plan.md").chmod(0o644)


def holds(it):
    assert len(it.embedded) == 1
