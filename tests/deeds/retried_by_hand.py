"""A document that failed is mended without a trace, and somebody asks for another try."""

import gzip


def before(it):
    it.library()
    it.write("packed.md.gz", b"\x1f\x8b no gzip at all")


def do(it):
    it.write("packed.md.gz", gzip.compress(b"Packed and whole."))
    it.ask("retry")
