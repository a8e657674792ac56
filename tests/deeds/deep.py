"""Sixty folders in each other."""


def do(it):
    it.write("/".join(["down"] * 60) + "/bottom.md", "At the bottom of it all.")
