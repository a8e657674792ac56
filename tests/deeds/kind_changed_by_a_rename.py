"""`.txt` becomes `.md`: the same bytes are read in another way."""


def before(it):
    it.library()
    it.rested("story.txt", "# Not a heading yet\n\nThe story begins in the rain and ends at sea.")


def do(it):
    it.path("story.txt").rename(it.path("story.md"))
