"""Every document is edited at once, as a formatter does."""


def do(it):
    for path in sorted(it.folder.rglob("*.*")):
        path.write_text(path.read_text() + "\n\nAnd this was added.")
