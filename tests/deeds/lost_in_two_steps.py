"""A folder is lost in two steps: the second waits as the first does, and all of it comes back."""


def before(it):
    for number in range(20):
        it.rested(f"doc{number}.md", f"One of those that go, number {number}.")


def do(it):
    away = it.world.base / "elsewhere"
    away.mkdir()
    for step in (range(11), range(11, 19)):
        for number in step:
            it.path(f"doc{number}.md").rename(away / f"doc{number}.md")
        it.until(lambda step=step: len(it.pending()) == step.stop)
    for path in away.iterdir():
        path.rename(it.path(path.name))
    it.until(lambda: not it.pending())


def holds(it):
    assert it.embedded == []
