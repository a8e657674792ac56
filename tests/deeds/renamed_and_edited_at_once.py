"""A document gets another name and another text before anybody looked."""


def do(it):
    it.path("plan.md").rename(it.path("project.md"))
    it.write("project.md", "The project is more than a bridge.")
