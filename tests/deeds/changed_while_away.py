"""Everything that can happen happens while nothing runs."""


def do(it):
    with it.away():
        it.write("plan.md", "The plan of the night.")
        it.path("notes/apes.md").rename(it.path("notes/monkeys.md"))
        it.path("work/eels.rst").unlink()
        it.write("new/one.md", "One of the night.")
        it.path("notes/bees.md").touch()


def holds(it):
    assert sorted(it.embedded) == ["One of the night.", "The plan of the night."]
