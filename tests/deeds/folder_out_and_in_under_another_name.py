"""Most of a library is taken out, waits for a person, and comes in again under another name: it was only moved."""


def before(it):
    it.library()
    for number in range(20):
        it.rested(f"many/doc{number}.md", f"One of those that move, number {number}.")


def do(it):
    it.path("many").rename(it.world.base / "elsewhere")
    it.until(lambda: len(it.pending()) == 20)
    (it.world.base / "elsewhere").rename(it.path("other"))
    it.until(lambda: not it.pending())


def holds(it):
    assert it.embedded == []
