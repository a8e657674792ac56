"""A document of many chunks gets more of them at its end."""


def before(it):
    it.library()
    it.rested(
        "large.md", "\n\n".join(f"# Part {n}\n\nPart {n} of the large document has this to say." for n in range(60))
    )


def do(it):
    with it.path("large.md").open("a") as file:
        file.write("\n\n# Last\n\nThis is the end of it.")


def holds(it):
    assert len(it.embedded) <= 2
