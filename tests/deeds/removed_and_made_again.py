"""A document is removed and made again at once."""


def do(it):
    text = it.path("plan.md").read_text()
    it.path("plan.md").unlink()
    it.write("plan.md", text)


def holds(it):
    assert it.embedded == []
