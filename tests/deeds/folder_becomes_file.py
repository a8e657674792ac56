"""A folder is replaced by a file of its name."""

import shutil


def do(it):
    shutil.rmtree(it.path("work"))
    it.write("work", "A file without suffix that was a folder.")
    it.write("later.md", "Written later.")
    it.seen("later.md")
