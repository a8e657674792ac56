"""Somebody asks for an upkeep of the table between two changes."""


def do(it):
    it.write("plan.md", "The plan before the upkeep.")
    it.ask("optimize")
    it.write("plan.md", "The plan after the upkeep.")
