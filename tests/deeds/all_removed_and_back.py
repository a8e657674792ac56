"""The folder is emptied and filled again: every document waited for it."""


def do(it):
    it.path("aside").mkdir()
    names = ("plan.md", "notes", "work")
    aside = it.world.base / "aside"
    aside.mkdir()
    for name in names:
        it.path(name).rename(aside / name)
    it.until(lambda: len(it.pending()) == 6)
    for name in names:
        (aside / name).rename(it.path(name))


def holds(it):
    assert it.embedded == []
