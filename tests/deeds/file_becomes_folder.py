"""A document is replaced by a folder of its name, with a document in it."""


def do(it):
    it.path("plan.md").unlink()
    it.write("plan.md/inside.md", "Inside of what was a file.")
