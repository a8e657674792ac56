"""The clock is set back by a day: files of tomorrow are read and followed."""

import os
import time


def do(it):
    tomorrow = time.time() + 86_400
    it.write("plan.md", "The plan of tomorrow.")
    os.utime(it.path("plan.md"), (tomorrow, tomorrow))
    it.seen("plan.md")
    it.world.now -= 86_400
    it.write("plan.md", "The plan of today.")


def holds(it):
    assert it.embedded[-1] == "The plan of today."
