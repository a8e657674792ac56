"""A folder leaves, its documents go, and it comes back: no new vector."""


def do(it):
    it.path("work").rename(it.world.base / "elsewhere")
    it.gone("work/dogs.md", "work/eels.rst")
    (it.world.base / "elsewhere").rename(it.path("work"))


def holds(it):
    assert it.embedded == []
