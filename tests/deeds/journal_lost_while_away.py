"""The journal is lost while nothing runs; meanwhile a document changed and one went."""


def do(it):
    with it.away():
        for path in it.world.state.glob("chunks.sqlite*"):
            path.unlink()
        it.write("plan.md", "The plan that was changed meanwhile.")
        it.path("notes/apes.md").unlink()


def holds(it):
    assert it.embedded == ["The plan that was changed meanwhile."]
