"""A folder moves into another, and a document in it is edited there."""


def do(it):
    it.path("notes").rename(it.path("work/notes"))
    it.write("work/notes/apes.md", "The ape has moved.")


def holds(it):
    assert it.embedded == ["The ape has moved."]
