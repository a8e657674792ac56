"""A link whose target comes later."""


def do(it):
    it.path("link.md").symlink_to("later.md")
    it.write("later.md", "What the link was waiting for.")


def holds(it):
    assert "docs/link.md" in it.following.sources()
