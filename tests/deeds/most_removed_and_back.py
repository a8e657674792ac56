"""Most documents are removed at once and come back: nothing was deleted, nothing is embedded."""


def before(it):
    it.library()
    for number in range(20):
        it.rested(f"many/doc{number}.md", f"One of those that go, number {number}.")


def do(it):
    it.path("many").rename(it.world.base / "elsewhere")
    it.until(lambda: len(it.pending()) == 20)
    (it.world.base / "elsewhere").rename(it.path("many"))
    it.until(lambda: not it.pending())


def holds(it):
    assert it.embedded == []
