"""`rm -rf` of the state folder under a watch: everything is made anew."""

import shutil


def do(it):
    shutil.rmtree(it.world.state)
    it.write("later.md", "Written after the loss.")
    it.seen("later.md")
