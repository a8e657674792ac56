"""A paragraph is put before all others: one text is embedded."""


def before(it):
    it.library()
    parts = [f"# Part {n}\n\nPart {n} has words of its own and enough of them to stand alone." for n in range(6)]
    it.rested("long.md", "\n\n".join(parts))


def do(it):
    it.write("long.md", "# Before all\n\nThis goes before everything else.\n\n" + it.path("long.md").read_text())


def holds(it):
    assert len(it.embedded) == 1
