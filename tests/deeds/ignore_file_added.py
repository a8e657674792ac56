"""A `.gitignore` comes: what it names leaves the table."""


def do(it):
    it.write(".gitignore", "work/\n*.txt\n")
