"""The cache of vectors is lost: the table has them too."""


def do(it):
    with it.away():
        for path in it.world.state.glob("vectors.sqlite*"):
            path.unlink()
        it.path("notes").rename(it.path("moved"))


def holds(it):
    assert it.embedded == []
