"""A document is removed, its rows go; later another comes under its name."""


def do(it):
    it.path("plan.md").unlink()
    it.gone("plan.md")
    it.write("plan.md", "Another plan under the old name.")
