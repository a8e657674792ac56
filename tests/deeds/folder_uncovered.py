"""A hidden folder gets a visible name."""


def before(it):
    it.library()
    it.rested(".drafts/one.md", "A draft that was hidden.")


def do(it):
    it.path(".drafts").rename(it.path("drafts"))


def holds(it):
    assert it.embedded == ["A draft that was hidden."]
