"""A folder is moved over an empty one of another name."""


def do(it):
    it.path("empty").mkdir()
    it.path("notes").rename(it.path("empty"))


def holds(it):
    assert it.embedded == []
