"""What people do to the table with LanceDB's own tools, between two ingests: nothing lost, and told or healed."""

from __future__ import annotations

import time
from datetime import timedelta

import lancedb
import pyarrow as pa
import pytest
from lancedb.index import FTS, Bitmap, BTree

from embedingest.errors import StoreError
from embedingest.store.values import SearchQuery
from tests.depth import few
from tests.ingest.world import World
from tests.waiting import rest

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path):
    """Three documents, ingested and indexed for words."""
    world = World(tmp_path)
    for name in ("ape", "bee", "cow"):
        world.write(f"{name}.md", f"# {name}\n\nThe {name} sleeps.\n\n" + f"More of the {name}. " * 30)
    rest()
    world.run()
    with world.pipeline() as pipeline:
        pipeline.optimize()
    return world


def lance(world):
    return lancedb.connect(world.db).open_table("chunks")


def change_and_ingest(world):
    """A document changes, one goes to another text, one comes; the table is written, refreshed and deleted from."""
    world.write("ape.md", "# ape\n\nThe ape wakes.\n\n" + "More of the ape. " * 30)
    world.write("dog.md", "The dog barks.")
    rest()
    return world.run(allow_deletes=True)


def problems(world):
    with world.pipeline() as pipeline:
        return [(problem.source, problem.kind) for problem in pipeline.verify().problems]


def add_index(table):
    table.create_index("source", config=Bitmap())
    table.create_index("title", config=FTS())
    table.create_index("id", config=BTree())


DEEDS = {
    "a column": lambda table: table.add_columns({"note": "concat('about ', source)", "stars": "cast(null as int)"}),
    "columns of other kinds": lambda table: table.add_columns([pa.field("tags", pa.list_(pa.string())), pa.field("at", pa.date32())]),
    "indices": add_index,
    "an index over words of its own": lambda table: table.create_index("text", config=FTS(stem=False), replace=True),
    "a tag": lambda table: table.tags.create("mine", table.version),
    "an optimise": lambda table: table.optimize(cleanup_older_than=timedelta(milliseconds=1)),
    "deleted rows": lambda table: table.delete("source = 'docs/bee.md'"),
    "all rows deleted": lambda table: table.delete("true"),
    "some rows of a document deleted": lambda table: table.delete("chunk_index = 0"),
    "values written over": lambda table: table.update(where="source = 'docs/bee.md'", values={"title": "mine"}),
    "an older version": lambda table: table.restore(2),
    "shorter numbers": lambda table: table.alter_columns({"path": "vector", "data_type": pa.list_(pa.field("item", pa.float16()), 256)}),
    "longer numbers": lambda table: table.alter_columns({"path": "vector", "data_type": pa.list_(pa.field("item", pa.float64()), 256)}),
    "a column that may be null": lambda table: table.alter_columns({"path": "text", "nullable": True}),
}  # fmt: skip


@few(4)
@pytest.mark.parametrize("deed", DEEDS)
def test_what_others_do_to_the_table_is_lived_with(world, deed):
    DEEDS[deed](lance(world))
    found = problems(world)
    assert change_and_ingest(world).failures == []
    if found and problems(world):
        with world.pipeline() as pipeline:
            pipeline.verify(repair=True)
    with world.pipeline() as pipeline:
        pipeline.optimize()
    if deed == "shorter numbers":
        with world.table() as table:
            assert table.schema.field("vector").type.value_type == pa.float16()
    else:
        world.assert_like_fresh()
    assert problems(world) == []
    with world.table() as table:
        assert "docs/dog.md" in [hit.source for hit in table.search(SearchQuery("barks", mode="text"))]
    if deed in ("deleted rows", "values written over"):
        assert {source for source, _ in found} == {"docs/bee.md"}


def test_values_of_a_column_of_others_are_kept_through_refreshes_moves_and_adds(world):
    lance(world).add_columns({"note": "concat('about ', id)", "stars": "cast(null as int)"})
    lance(world).update(where="source = 'docs/cow.md'", values={"stars": 5})
    before = {row["id"]: row["note"] for row in lance(world).search().select(["id", "note"]).to_list()}
    text = (world.folder / "bee.md").read_text()
    world.write("bee.md", "First, a new paragraph that moves everything below.\n\n" + text)  # refreshes the others
    change_and_ingest(world)
    rows = {
        row["id"]: row for row in lance(world).search().select(["id", "source", "note", "stars"]).limit(999).to_list()
    }
    kept = before.keys() & rows.keys()
    assert kept
    assert {row_id: rows[row_id]["note"] for row_id in kept} == {row_id: before[row_id] for row_id in kept}
    assert all(rows[row_id]["note"] is None for row_id in rows.keys() - kept)
    assert {row["stars"] for row in rows.values() if row["source"] == "docs/cow.md"} == {5}


REFUSED = {
    "renamed": (lambda table: table.alter_columns({"path": "page", "rename": "leaf"}), "lacks the column `page`"),
    "dropped": (lambda table: table.drop_columns(["heading_path"]), "lacks the column `heading_path`"),
    "of another type": (lambda table: table.alter_columns({"path": "start", "data_type": pa.int32()}), "column `start`.*int32"),
    "that is never null": (lambda table: table.add_columns({"one": "1"}), "column `one`"),
}  # fmt: skip


@few(2)
@pytest.mark.parametrize("deed", REFUSED)
def test_what_cannot_be_lived_with_is_told_with_the_way_before_anything_is_written(world, deed):
    act, message = REFUSED[deed]
    act(lance(world))
    version = lance(world).version
    with pytest.raises(StoreError, match=message) as told:
        change_and_ingest(world)
    assert "rebuild" in told.value.remedy or "alter_columns" in told.value.remedy
    assert lance(world).version == version
    assert world.engine.texts == [], "nothing was embedded for a table that cannot be written"


def test_versions_older_than_a_tag_of_others_do_not_keep_the_table_from_being_tended(world):
    lance(world).tags.create("mine", 2)
    world.write("cow.md", "The cow moos.")
    rest()
    world.run()
    time.sleep(1.1)
    with world.table() as table:
        from embedingest.store.values import Upkeep

        table.optimize(Upkeep(retention_seconds=0.1))
        assert lance(world).tags.list()["mine"]["version"] == 2
        assert table.stats().rows == table.count()
    lance(world).checkout("mine")
