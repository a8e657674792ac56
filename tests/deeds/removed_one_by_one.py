"""Documents go one after the other."""


def do(it):
    for name in ("plan.md", "notes/apes.md", "work/eels.rst"):
        it.path(name).unlink()
        it.gone(name)
