"""A branch is left and entered again: what was there before needs no new vector."""


def before(it):
    it.work_tree()


def do(it):
    it.git("checkout", "-b", "topic")
    it.write("plan.md", "The plan of the topic.")
    it.path("notes/apes.md").unlink()
    it.git("commit", "-am", "topic")
    it.seen("plan.md")
    it.git("checkout", "main")
    it.git("checkout", "topic")
    it.git("checkout", "main")


def holds(it):
    assert it.embedded == ["The plan of the topic."]
