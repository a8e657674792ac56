"""`verify` finds every way in which folder, journal and table can disagree, and `--repair` mends it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedingest.store.values import Changes
from tests.depth import only_deep
from tests.ingest.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for number in range(4):
        text = "\n\n".join(f"Paragraph {n} of file {number} says a little." for n in range(8))
        made.write(f"f{number}.md", text)
    made.run()
    return made


def check(world: World, **options: Any) -> list[tuple[str, str]]:
    with world.pipeline() as pipeline:
        return [(problem.source, problem.kind) for problem in pipeline.verify(**options).problems]


def commit(world: World, changes: Changes) -> None:
    with contextlib.closing(world.table()) as table:
        table.commit(changes)


def test_a_sound_table_has_no_problems_and_all_of_it_was_compared(world: World) -> None:
    with world.pipeline() as pipeline:
        found = pipeline.verify(sample=10)
    assert found.problems == []
    assert (found.files, found.rows, found.vectors) == (4, len(world.contents()), 10)


def test_looking_writes_nothing(world: World) -> None:
    before = {path: path.stat().st_mtime_ns for path in world.db.rglob("*")}
    check(world, sample=3)
    assert {path: path.stat().st_mtime_ns for path in world.db.rglob("*")} == before


def test_missing_stale_surplus_and_orphaned_rows_are_named_and_mended(world: World) -> None:
    rows = {source: [row for row, _ in world.contents().values() if row.source == source]
            for source in world.sources_in_table()}  # fmt: skip
    missing, stale, strange = rows["docs/f0.md"][0], rows["docs/f1.md"][0], rows["docs/f2.md"][0]
    vector = np.ones((2, 256), dtype=np.float32) / 16
    commit(world, Changes(delete=[missing.id]))
    commit(world, Changes(refresh=[replace(stale, start=stale.start + 1)]))
    surplus = replace(strange, id="0" * 32, text="of no file", text_hash="1" * 32)
    orphan = replace(surplus, id="2" * 32, source="docs/never.md", chunk_count=1)
    commit(world, Changes(add=[surplus, orphan], vectors=vector))
    assert set(check(world)) == {
        ("docs/f0.md", "missing"), ("docs/f1.md", "stale"), ("docs/f2.md", "surplus"), ("docs/never.md", "orphan"),
    }  # fmt: skip
    world.engine.texts.clear()
    check(world, repair=True)
    assert world.engine.texts == [], "what the cache has is not embedded again"
    assert check(world) == []
    world.assert_like_fresh()


@only_deep
def test_doubled_rows_are_named_and_mended_without_embedding(world: World) -> None:
    row = next(iter(world.contents().values()))[0]
    with contextlib.closing(world.table()) as table:
        stored = table.handle.lance.search().where(f"id = '{row.id}'").to_arrow()
        table.handle.lance.add(stored)
    assert check(world) == [(row.source, "doubled")]
    world.engine.texts.clear()
    check(world, repair=True)
    assert world.engine.texts == []
    assert check(world) == []
    world.assert_like_fresh()


def test_a_wrong_vector_is_found_by_a_sample_and_computed_again(world: World) -> None:
    row = next(iter(world.contents().values()))[0]
    wrong = np.zeros((1, 256), dtype=np.float32)
    wrong[0, 3] = 1.0
    commit(world, Changes(add=[row], vectors=wrong))
    assert check(world) == []
    assert check(world, sample=1000) == [(row.source, "vector")]
    check(world, sample=1000, repair=True)
    assert check(world, sample=1000) == []
    world.assert_like_fresh()


def test_a_file_changed_since_the_last_run_is_a_difference_too(world: World) -> None:
    world.write("f0.md", "Something else now.")
    world.write("new.md", "And this is new.")
    assert {source for source, _ in check(world)} == {"docs/f0.md", "docs/new.md"}
