"""Somebody restores an older version of the table by LanceDB's own tools."""

import lancedb


def do(it):
    version = lancedb.connect(it.world.db).open_table("chunks").version
    it.write("plan.md", "The plan of the newer version.")
    it.seen("plan.md")
    with it.away():
        table = lancedb.connect(it.world.db).open_table("chunks")
        table.checkout(version)
        table.restore()


def holds(it):
    assert it.embedded == ["The plan of the newer version."]
