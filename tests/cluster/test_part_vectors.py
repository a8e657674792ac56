"""What is known of a text is found where it is, and what is not is one part's to compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedingest.cluster.claims import ClaimTable
from embedingest.cluster.part_vectors import PartVectors, RecentVectors
from embedingest.ingest.state.vector_cache import VectorCache
from tests.ingest.run.values import RECIPE
from tests.ingest.world import World

STORED, COMPUTED, NEW = (f"{number:032x}" for number in (1, 2, 3))


def vector(number: int) -> Any:
    return np.full(8, number, np.float32)


class OneStored:
    """A table in which one text has a vector; `asked` are those that were looked up."""

    def __init__(self, rows: int = 1) -> None:
        self.rows = rows
        self.asked: list[str] = []

    def count(self) -> int:
        return self.rows

    def vectors(self, hashes: list[str], column: str) -> dict[str, Any]:
        assert column == "vector"
        self.asked += hashes
        return {key: vector(1) for key in hashes if key == STORED}


def looking(table: Any, recent: RecentVectors, claims: ClaimTable, part: int = 0, cache: Any = None) -> PartVectors:
    return PartVectors(RECIPE, table, recent, claims, part, cache)


def test_what_was_computed_lately_or_is_stored_is_known_and_the_rest_is_claimed() -> None:
    recent, table, claims = RecentVectors(), OneStored(), ClaimTable()
    recent.keep({COMPUTED: vector(2)})
    found = looking(table, recent, claims).find([STORED, COMPUTED, NEW])
    assert {key: value[0] for key, value in found.known.items()} == {STORED: 1, COMPUTED: 2}
    assert (found.mine, found.others) == ({NEW}, set())
    assert table.asked == [STORED, NEW]
    other = looking(table, RecentVectors(), claims, part=1).find([NEW])
    assert (other.mine, other.others) == (set(), {NEW})


def test_what_the_cache_has_is_neither_looked_up_in_the_table_nor_claimed_unless_it_is_of_another_shape(
    tmp_path: Path,
) -> None:
    sizes = {STORED: RECIPE.dimensions, COMPUTED: RECIPE.dimensions + 1}
    cache, table, claims = VectorCache(tmp_path / "v.sqlite"), OneStored(), ClaimTable()
    cache.put({key: np.ones(size, np.float32) for key, size in sizes.items()})
    vectors = looking(table, RecentVectors(), claims, cache=cache)
    found = vectors.find([STORED, COMPUTED])
    assert (found.known.keys(), found.mine, found.others) == ({STORED}, {COMPUTED}, set())
    assert table.asked == [COMPUTED]
    assert len(claims) == 1
    cache.close()


def test_an_empty_table_is_not_asked() -> None:
    table = OneStored(rows=0)
    assert looking(table, RecentVectors(), ClaimTable()).find([STORED]).mine == {STORED}
    assert table.asked == []


def test_the_oldest_vectors_go_first_and_what_a_part_computed_and_lost_is_not_computed_again() -> None:
    recent, claims = RecentVectors(most=2 * vector(0).nbytes), ClaimTable()
    vectors = looking(OneStored(rows=0), recent, claims)
    texts = [f"{number:032x}" for number in range(3)]
    assert vectors.find(texts).mine == set(texts)
    vectors.computed(texts)
    recent.keep({key: vector(number) for number, key in enumerate(texts)})
    found = vectors.find(texts)
    assert (found.known.keys(), found.mine, found.others) == ({*texts[1:]}, set(), {texts[0]})


@pytest.mark.parametrize("times", [1, 5])
def test_a_vector_that_comes_again_takes_no_more_room(times: int) -> None:
    recent = RecentVectors(most=2 * vector(0).nbytes)
    for _ in range(times):
        recent.keep({STORED: vector(1)})
    recent.keep({NEW: vector(2)})
    assert recent.get([STORED, NEW]).keys() == {STORED, NEW}


def test_the_vectors_of_a_real_table_are_found_by_the_text(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write("a.md", "One mill.")
    world.run()
    table = world.table()
    [row] = table.rows(["docs/a.md"])["docs/a.md"]
    found = looking(table, RecentVectors(), ClaimTable()).find([row.text_hash, NEW])
    assert found.known.keys() == {row.text_hash}
    assert found.mine == {NEW}
    table.close()
