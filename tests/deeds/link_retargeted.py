"""A link that leads elsewhere now, replaced as `ln -sfn` does."""


def before(it):
    it.library()
    it.path("now.md").symlink_to("notes/apes.md")


def do(it):
    it.path("aside").symlink_to("notes/bees.md")
    it.path("aside").rename(it.path("now.md"))


def holds(it):
    assert it.embedded == []
