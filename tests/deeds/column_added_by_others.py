"""Somebody adds a column: its values stay through an edit beside it."""

import lancedb


def do(it):
    with it.away():
        lancedb.connect(it.world.db).open_table("chunks").add_columns({"note": "concat('about ', source)"})
    it.write("plan.md", "The plan that was changed afterwards.")
    it.path("notes/apes.md").touch()
    it.seen("plan.md")


def holds(it):
    rows = lancedb.connect(it.world.db).open_table("chunks").search().to_list()
    assert {row["source"]: row["note"] for row in rows}["docs/notes/bees.md"] == "about docs/notes/bees.md"
