"""An edit that keeps size and time: only the time of the last change of facts tells."""

import os


def do(it):
    path = it.path("notes/apes.md")
    facts = path.stat()
    path.write_text(path.read_text().replace("sleeps", "wakens"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def holds(it):
    assert any("wakens" in text for text in it.following.texts())
