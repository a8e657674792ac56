"""A document is cut to no bytes at all: its rows go."""


def do(it):
    it.write("plan.md", "")


def holds(it):
    assert "docs/plan.md" not in it.following.sources()
