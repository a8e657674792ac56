"""A document is replaced by a pipe, and the pipe by a document."""

import os


def do(it):
    it.path("plan.md").unlink()
    os.mkfifo(it.path("plan.md"))
    it.gone("plan.md")
    it.path("plan.md").unlink()
    it.write("plan.md", "A plan instead of the pipe.")
