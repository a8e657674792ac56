"""A text is overwritten by what is none."""


def do(it):
    it.write("plan.md", b"\0\1\2\3" * 500)


def holds(it):
    assert "docs/plan.md" not in it.following.sources()
