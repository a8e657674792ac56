"""Two folders swap their names."""


def do(it):
    it.path("notes").rename(it.path("aside"))
    it.path("work").rename(it.path("notes"))
    it.path("aside").rename(it.path("work"))


def holds(it):
    assert it.embedded == []
