"""A move across file systems: copied first, removed afterwards."""

import shutil


def do(it):
    shutil.copytree(it.path("notes"), it.path("moved"))
    shutil.rmtree(it.path("notes"))


def holds(it):
    assert it.embedded == []
