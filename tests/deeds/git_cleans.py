"""`git clean -fdx` removes what was never added, ignored files too."""


def before(it):
    it.work_tree()


def do(it):
    it.write("draft/one.md", "A draft that was never added.")
    it.seen("draft/one.md")
    it.git("clean", "-fdx")
