"""Of two copies one is edited: the other keeps its text."""


def before(it):
    it.library()
    it.rested("copy.md", it.path("plan.md").read_text())


def do(it):
    it.write("copy.md", "The copy says something else now.")


def holds(it):
    assert it.embedded == ["The copy says something else now."]
