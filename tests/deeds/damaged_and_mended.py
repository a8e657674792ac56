"""A packed document is damaged, then whole again."""

import gzip


def before(it):
    it.library()
    it.write("packed.md.gz", gzip.compress(b"Packed and whole."))


def do(it):
    whole = it.path("packed.md.gz").read_bytes()
    it.write("packed.md.gz", whole[: len(whole) // 2])
    it.write("other.md", "Another meanwhile.")
    it.seen("other.md")
    it.write("packed.md.gz", whole)


def holds(it):
    assert it.embedded == ["Another meanwhile."]
