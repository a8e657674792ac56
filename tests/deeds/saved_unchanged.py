"""The same text saved again: only the time is another, and nothing is embedded."""


def do(it):
    it.write("plan.md", it.path("plan.md").read_text())


def holds(it):
    assert it.embedded == []
