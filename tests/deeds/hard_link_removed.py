"""One of two names goes; the other document stays."""


def before(it):
    it.library()
    it.path("plan-too.md").hardlink_to(it.path("plan.md"))


def do(it):
    it.path("plan.md").unlink()


def holds(it):
    assert "docs/plan-too.md" in it.following.sources()
