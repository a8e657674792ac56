"""Somebody deletes rows by LanceDB's own tools: they come back."""

import lancedb


def do(it):
    with it.away():
        lancedb.connect(it.world.db).open_table("chunks").delete("source = 'docs/plan.md'")


def holds(it):
    assert it.embedded == []
