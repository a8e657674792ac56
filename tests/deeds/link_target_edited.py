"""The target of a link is edited: the document and what links to it both change."""


def before(it):
    it.library()
    it.path("now.md").symlink_to("notes/apes.md")


def do(it):
    it.write("notes/apes.md", "The ape is seen from two sides.")


def holds(it):
    assert it.embedded == ["The ape is seen from two sides."]
