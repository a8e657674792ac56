"""A document is damaged and stays so: its rows go, the others stay."""

import gzip


def before(it):
    it.library()
    it.write("packed.md.gz", gzip.compress(b"Packed and whole."))


def do(it):
    it.write("packed.md.gz", b"\x1f\x8b no gzip at all")


def holds(it):
    assert len(it.following.sources()) == 7
