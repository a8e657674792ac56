"""Most of a root is lost in two steps: the second waits as the first does, and all of it comes back.

Each step is one folder, which goes at one moment: of files that go one by one a look may see fewer than are asked about.
"""

PARTS = {"one": 11, "two": 8}  # of 20 documents


def before(it):
    for part, documents in PARTS.items():
        for number in range(documents):
            it.rested(f"{part}/doc{number}.md", f"One of those that go, number {number} of part {part}.")
    it.rested("stays.md", "The one that stays.")


def do(it):
    away = it.world.base / "elsewhere"
    away.mkdir()
    for part, lost in (("one", 11), ("two", 19)):
        it.path(part).rename(away / part)
        it.until(lambda lost=lost: len(it.pending()) == lost)
    for part in PARTS:
        (away / part).rename(it.path(part))
    it.until(lambda: not it.pending())


def holds(it):
    assert it.embedded == []
