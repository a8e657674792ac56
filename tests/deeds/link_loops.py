"""A folder that links to what holds it, and two links that lead to each other, turn nobody round."""


def do(it):
    it.path("notes/up").symlink_to("..", target_is_directory=True)
    it.path("one.md").symlink_to("two.md")
    it.path("two.md").symlink_to("one.md")
    it.write("later.md", "Written beside the loops.")
    it.seen("later.md")


def holds(it):
    assert not [source for source in it.following.sources() if "/up/" in source]
