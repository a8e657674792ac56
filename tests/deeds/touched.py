"""Only the time changes: the rows say the new time, nothing is embedded."""


def do(it):
    it.path("plan.md").touch()
    it.path("notes/apes.md").touch()


def holds(it):
    assert it.embedded == []
