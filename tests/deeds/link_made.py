"""A link to a document inside the root is a document of its own, and costs no vector."""


def do(it):
    it.path("link.md").symlink_to("plan.md")


def holds(it):
    assert it.embedded == []
