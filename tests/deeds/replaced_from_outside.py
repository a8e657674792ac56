"""A file with an old time is moved in over a document."""

import os


def do(it):
    outside = it.world.base / "outside.md"
    outside.write_text("The plan that was made outside.")
    os.utime(outside, (10**9, 10**9))
    outside.rename(it.path("plan.md"))
