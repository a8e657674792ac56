"""What stands in front of a chunk is embedded, hashed and told; a change of it embeds again what it changed."""

from __future__ import annotations

import contextlib

import pytest

from embedingest.errors import FingerprintError
from embedingest.ingest.identity import text_hash
from embedingest.store.schema import COLUMNS
from tests.ingest.world import World

OWLS = "---\ntitle: Birds of the night\n---\n# Owls\n\nThey hunt mice.\n\n# Bats\n\nThey hang.\n"
PLAIN = "They fly.\n"
BOTH = ["title", "headings"]


def rows_of(world: World):
    with contextlib.closing(world.table()) as table:
        return {row.text: row for rows in table.rows(list(table.source_states())).values() for row in rows}


def world_at(tmp_path, **settings) -> World:
    world = World(tmp_path, **{"chunk": {"max_tokens": 8}, **settings})
    world.write("owls.md", OWLS)
    world.write("plain.txt", PLAIN)
    return world


def test_what_was_embedded_is_prompt_context_and_text_to_the_letter(tmp_path):
    world = world_at(tmp_path, context=BOTH, prompt="passage: ")
    world.run()
    rows = rows_of(world)
    assert rows["# Owls\n\nThey hunt mice."].context == "Birds of the night\n\nOwls\n\n"
    assert rows["# Bats\n\nThey hang."].context == "Birds of the night\n\nBats\n\n"
    assert rows["They fly."].context == ""
    for row in rows.values():
        assert row.text_hash == text_hash(row.fingerprint, "passage: ", row.context + row.text)
    assert not world.run().changed_anything()
    world.assert_like_fresh()


def test_without_the_setting_rows_and_table_are_as_they_were(tmp_path):
    world = world_at(tmp_path)
    world.run()
    assert all(row.context is None for row in rows_of(world).values())
    with contextlib.closing(world.table()) as table:
        assert table.schema.names == list(COLUMNS)
        assert b"context" not in table.schema.metadata[b"embedingest"]


def test_headings_by_either_name_are_the_same_chunks_and_vectors(tmp_path):
    old = world_at(tmp_path / "old", chunk={"max_tokens": 8, "heading_prefix": True})
    new = world_at(tmp_path / "new", context=["headings"])
    old.run()
    new.run()
    before, after = rows_of(old), rows_of(new)
    assert {row.text_hash for row in before.values()} == {row.text_hash for row in after.values()}
    assert {row.context for row in before.values()} == {None}
    assert {row.context for row in after.values()} == {"Owls\n\n", "Bats\n\n", ""}


def test_another_title_embeds_the_chunks_of_its_document_again_and_nothing_else(tmp_path):
    world = world_at(tmp_path, context=BOTH)
    world.write("seals.md", "# Seals\n\nThey sleep.\n")
    world.run()
    world.write("owls.md", OWLS.replace("of the night", "by night"))
    report = world.run()
    assert report.embedded.texts == 2
    assert all("Birds by night" in text for text in world.engine.texts)
    world.assert_like_fresh()


def test_other_parts_are_taken_over_in_place(tmp_path):
    world = world_at(tmp_path, context=BOTH)
    world.run()
    world.settings["context"] = ["headings"]
    assert world.run().embedded.texts == 2
    assert rows_of(world)["# Bats\n\nThey hang."].context == "Bats\n\n"
    world.assert_like_fresh()


@pytest.mark.parametrize(("before", "after", "told"), [(None, BOTH, "has no column"), (BOTH, None, "has column")])
def test_a_table_is_not_written_with_and_without(tmp_path, before, after, told):
    world = world_at(tmp_path, context=before)
    world.run()
    world.settings["context"] = after
    with pytest.raises(FingerprintError, match=told) as refused:
        world.run()
    assert "rebuild" in str(refused.value.remedy)
    world.settings["context"] = before
    assert not world.run().changed_anything()


def test_a_refresh_keeps_the_context(tmp_path):
    world = world_at(tmp_path, context=BOTH)
    world.run()
    before = {row.id: row.context for row in rows_of(world).values()}
    world.settings["metadata"] = {"shelf": 3}
    report = world.run()
    assert (report.chunks.refreshed, report.embedded.texts) == (3, 0)
    assert {row.id: row.context for row in rows_of(world).values()} == before


def test_a_context_that_had_to_be_cut_is_told(tmp_path):
    world = World(tmp_path, context={"parts": ["title"], "max_tokens": 8})
    world.write("long.md", "---\ntitle: " + "very " * 40 + "long\n---\nThey fly.\n")
    report = world.run()
    assert report.notices.counts["context_cut"] == {"files": 1, "count": 1}
