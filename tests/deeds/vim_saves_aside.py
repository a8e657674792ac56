"""vim moves the old file aside, writes a new one and removes the old: one document changed."""


def do(it):
    backup = it.path("plan.md~")
    it.path("plan.md").rename(backup)
    it.write("plan.md", "The bridge was built in time.")
    backup.unlink()


def holds(it):
    assert it.embedded == ["The bridge was built in time."]
