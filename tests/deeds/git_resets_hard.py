"""`git reset --hard` undoes edits and brings back what was deleted."""


def before(it):
    it.work_tree()


def do(it):
    it.write("plan.md", "A plan that nobody keeps.")
    it.path("work/dogs.md").unlink()
    it.seen("plan.md")
    it.git("reset", "--hard")


def holds(it):
    assert it.embedded == ["A plan that nobody keeps."]
