"""A `.gitignore` goes: what it kept out comes."""


def before(it):
    it.library()
    it.rested(".gitignore", "work/\n")


def do(it):
    it.path(".gitignore").unlink()


def holds(it):
    assert len(it.embedded) == 2
