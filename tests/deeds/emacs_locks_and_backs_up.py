"""emacs leaves a lock that is a broken link, an autosave and a backup: none is a document."""


def do(it):
    lock = it.path(".#plan.md")
    lock.symlink_to("me@here.1234:1700000000")
    it.write("#plan.md#", "The bridge is half")
    it.path("plan.md").rename(it.path("plan.md~"))
    it.write("plan.md", "The bridge is half built.")
    it.path("#plan.md#").unlink()
    lock.unlink()


def holds(it):
    assert it.embedded == ["The bridge is half built."]
