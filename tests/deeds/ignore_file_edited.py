"""A `.gitignore` is edited: some documents leave, others come."""


def before(it):
    it.library()
    it.rested(".gitignore", "work/\n")


def do(it):
    it.write(".gitignore", "notes/\n")
