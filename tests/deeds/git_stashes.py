"""`git stash` takes edits away, `git stash pop` brings them back."""


def before(it):
    it.work_tree()


def do(it):
    it.write("plan.md", "The plan that was put away.")
    it.seen("plan.md")
    it.git("stash")
    it.until(lambda: not any("put away" in text for text in it.following.texts()))
    it.git("stash", "pop")


def holds(it):
    assert it.embedded == ["The plan that was put away."]
