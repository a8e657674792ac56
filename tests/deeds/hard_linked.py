"""A second name for the same file is a second document, and costs no vector."""


def do(it):
    it.path("plan-too.md").hardlink_to(it.path("plan.md"))


def holds(it):
    assert it.embedded == []
