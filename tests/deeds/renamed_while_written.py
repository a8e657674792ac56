"""A file is renamed while a program still writes into it."""

import time


def do(it):
    with it.path("growing.md").open("w") as file:
        file.write("The first line was written early.\n\n")
        file.flush()
        it.path("growing.md").rename(it.path("grown.md"))
        time.sleep(0.1)
        file.write("The last line was written late.\n")


def holds(it):
    assert any("written late" in text for text in it.following.texts())
