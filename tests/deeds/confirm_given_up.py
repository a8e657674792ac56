"""A confirmation that was asked of nobody is never carried out by a later writer."""

import contextlib
import time

from embedingest.ingest.state.journal import Journal


def before(it):
    it.library()
    for number in range(20):
        it.rested(f"many/doc{number}.md", f"One of those that go, number {number}.")


def do(it):
    with it.away(), contextlib.closing(Journal(it.world.state / "chunks.sqlite")) as journal:
        journal.ask("confirm", {"sources": [f"docs/many/doc{number}.md" for number in range(20)]}, time.time())
        it.path("many").rename(it.world.base / "elsewhere")
    it.until(lambda: len(it.pending()) == 20)
    it.write("later.md", "Written while they wait.")
    it.seen("later.md")
    assert len(it.pending()) == 20
    (it.world.base / "elsewhere").rename(it.path("many"))


def holds(it):
    assert it.embedded == ["Written while they wait."]
