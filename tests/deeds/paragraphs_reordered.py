"""The parts of a document change places: no text is new."""

PARTS = [
    f"# Part {n}\n\nPart {n} has words of its own and enough of them to stand alone in the book." for n in range(6)
]


def before(it):
    it.library()
    it.rested("long.md", "\n\n".join(PARTS))


def do(it):
    it.write("long.md", "\n\n".join(reversed(PARTS)))


def holds(it):
    assert it.embedded == []
