"""A document loses its second half in place; what is left needs no new vector."""

import os

FIRST = "The first part says what is to be done before the winter comes to the valley of the river and its towns."


def before(it):
    it.library()
    it.rested("long.md", f"# One\n\n{FIRST}\n\n# Two\n\nThe second part will go.")


def do(it):
    os.truncate(it.path("long.md"), len(f"# One\n\n{FIRST}"))


def holds(it):
    assert it.embedded == []
