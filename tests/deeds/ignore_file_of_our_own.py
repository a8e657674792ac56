"""`.embedingestignore` keeps out what git does not."""


def do(it):
    it.write(".embedingestignore", "plan.md\n")


def holds(it):
    assert "docs/plan.md" not in it.following.sources()
