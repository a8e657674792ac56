"""A text is overwritten by what is none."""


def do(it):
    it.write("plan.md", bytes(range(256)) * 8)


def holds(it):
    assert "docs/plan.md" not in it.following.sources()
