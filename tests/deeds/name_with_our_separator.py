"""A folder `Yahoo!`: its documents are documents, also after the journal was lost."""


def before(it):
    it.library()
    it.rested("Yahoo!/mail.md", "The mail of the folder.")
    it.rested("a!/b!/c.md", "Deep in names with marks.")


def do(it):
    with it.away():
        for path in it.world.state.glob("chunks.sqlite*"):
            path.unlink()
    it.path("Yahoo!").rename(it.path("Yahoo!!"))


def holds(it):
    assert it.embedded == []
