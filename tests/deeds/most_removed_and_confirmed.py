"""Most documents are removed at once: they wait until somebody confirms."""

import shutil


def before(it):
    it.library()
    for number in range(20):
        it.rested(f"many/doc{number}.md", f"One of those that go, number {number}.")


def do(it):
    shutil.rmtree(it.path("many"))
    it.until(lambda: len(it.pending()) == 20)
    assert len(it.following.sources()) == 26
    it.ask("confirm", sources=sorted(it.pending()))
