"""A link to a folder inside the root: its documents are there twice."""


def do(it):
    it.path("again").symlink_to("notes", target_is_directory=True)


def holds(it):
    assert it.embedded == []
