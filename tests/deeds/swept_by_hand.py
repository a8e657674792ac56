"""Somebody asks for a look at everything in the middle of a change."""


def do(it):
    it.write("plan.md", "The plan that is swept.")
    it.ask("sweep")
