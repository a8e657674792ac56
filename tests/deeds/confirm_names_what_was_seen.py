"""A confirmation deletes what it names, and nothing that began to wait afterwards."""


def before(it):
    it.library()
    for number in range(20):
        it.rested(f"many/doc{number}.md", f"One of those that go, number {number}.")


def do(it):
    it.path("many").rename(it.world.base / "elsewhere")
    it.until(lambda: len(it.pending()) == 20)
    it.ask("confirm", sources=[f"docs/many/doc{number}.md" for number in range(5)])
    it.until(lambda: len(it.pending()) == 15)
    it.ask("confirm", sources=sorted(it.pending()))
