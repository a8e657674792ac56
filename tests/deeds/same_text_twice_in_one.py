"""One paragraph twice in a document; then one of them goes."""

PART = "# Again\n\nThis is said twice because it is true, and whoever reads it will remember it."


def before(it):
    it.library()
    it.rested("twice.md", f"{PART}\n\n{PART}")


def do(it):
    it.write("twice.md", PART)


def holds(it):
    assert it.embedded == []
