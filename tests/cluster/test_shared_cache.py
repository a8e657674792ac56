"""The vector cache of a state folder is the same for nodes and for one process: neither embeds what the other did."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from embedingest.ingest.state.vector_cache import VectorCache
from tests.cluster.threads import run_clustered
from tests.depth import few, only_deep
from tests.ingest.world import World
from tests.waiting import rest
from tests.words_engine import WordsEngine

FILES = 8


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    branch(world, "main")
    return world


def branch(world: World, name: str) -> None:
    for number in range(FILES):
        world.write(f"{number}.md", f"# Note {number}\n\nwords of {name} about {number}\n")
    rest()


def texts(world: World, how: str) -> tuple[int, int]:
    """How many texts a run computed, and of how many it knew the vector."""
    report = run_clustered(world) if how == "nodes" else world.run()
    assert report.exit_code == 0
    assert report.embedded.texts == len(world.engine.texts)
    world.assert_like_fresh()
    return report.embedded.texts, report.embedded.reused


@few(1)
@pytest.mark.parametrize("first", ["nodes", "one process"])
def test_a_branch_switch_and_back_over_nodes_embeds_nothing(world: World, first: str) -> None:
    assert texts(world, first) == (FILES, 0)
    branch(world, "other")
    assert texts(world, "nodes") == (FILES, 0)
    branch(world, "main")
    assert texts(world, "nodes") == (0, FILES)


@only_deep
@pytest.mark.parametrize(("first", "second"), [("one process", "nodes"), ("nodes", "one process"), ("nodes", "nodes")])
def test_a_table_that_was_removed_is_filled_again_without_embedding(world: World, first: str, second: str) -> None:
    assert texts(world, first) == (FILES, 0)
    shutil.rmtree(world.db)
    assert texts(world, second) == (0, FILES)


@only_deep
def test_what_further_models_made_of_a_text_is_found_again_too(tmp_path: Path) -> None:
    world = World(tmp_path, sparse="terms", late="tokens")
    world.engine = WordsEngine()
    branch(world, "main")
    computed = run_clustered(world).embedded.texts
    assert computed > FILES
    shutil.rmtree(world.db)
    report = run_clustered(world)
    assert (report.embedded.texts, report.embedded.reused) == (0, computed)


@only_deep
def test_a_vector_of_another_width_under_the_same_key_is_computed_again(world: World) -> None:
    assert texts(world, "nodes") == (FILES, 0)
    with world.table() as table:
        hashes = [row.text_hash for rows in table.rows(sorted(world.sources_in_table())).values() for row in rows]
    cache = VectorCache(world.state / "vectors.sqlite")
    cache.put({key: np.ones(3, np.float32) for key in hashes[:2]})
    cache.close()
    shutil.rmtree(world.db)
    assert texts(world, "nodes") == (2, FILES - 2)


def fill_with_rubbish(path: Path) -> None:
    path.write_bytes(b"rubbish" * 1000)


def zero_all_but_the_first_page(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(size - 4096))


def put_a_folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


@only_deep
@pytest.mark.parametrize("deed", [fill_with_rubbish, zero_all_but_the_first_page, put_a_folder_in_its_place])
def test_a_damaged_cache_fails_nothing_and_its_texts_are_embedded_again(
    world: World, deed: Callable[[Path], None]
) -> None:
    assert texts(world, "one process") == (FILES, 0)
    shutil.rmtree(world.db)
    deed(world.state / "vectors.sqlite")
    assert texts(world, "nodes") == (FILES, 0)
    assert len(list(world.state.glob("vectors.sqlite.damaged-*[0-9]"))) == 1
