"""The table is removed while nothing runs: it is made again from the vectors that were kept."""

import shutil


def do(it):
    with it.away():
        shutil.rmtree(it.world.db / "chunks.lance")


def holds(it):
    assert it.embedded == []
