"""A file gets a time of the next century and is edited after that."""

import os


def do(it):
    it.write("plan.md", "The plan of the next century.")
    os.utime(it.path("plan.md"), (4 * 10**9, 4 * 10**9))
