"""`chmod` of a whole folder changes no document."""


def do(it):
    for path in it.folder.rglob("*.md"):
        path.chmod(0o600)


def holds(it):
    assert it.embedded == []
