"""Somebody compacts the table under the watch."""

import lancedb


def do(it):
    it.write("plan.md", "The plan before the compaction.")
    it.seen("plan.md")
    lancedb.connect(it.world.db).open_table("chunks").optimize()
    it.write("plan.md", "The plan after the compaction.")
