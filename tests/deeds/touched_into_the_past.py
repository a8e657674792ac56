"""A file gets a time before all computers."""

import os


def do(it):
    os.utime(it.path("plan.md"), (0, 0))


def holds(it):
    assert it.embedded == []
