"""Office writes a temporary file, moves the old one aside, the new one into its place and removes the old."""


def do(it):
    owner = it.write("~$plan.md", "\x05Owner")
    new, old = it.write("~WRD0001.tmp", "The plan of the office."), it.path("~WRL0002.tmp")
    it.path("plan.md").rename(old)
    new.rename(it.path("plan.md"))
    old.unlink()
    owner.unlink()


def holds(it):
    assert it.embedded == ["The plan of the office."]
