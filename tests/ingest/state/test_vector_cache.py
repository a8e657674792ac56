"""The vector cache gives back what was put in, stays within its bound, and never fails a run."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest

from embedingest.ingest.state.vector_cache import VectorCache
from tests.depth import only_deep
from tests.waiting import HANGS_SECONDS


def key(number: int) -> str:
    return f"{number:032x}"


def vectors(numbers: range, width: int = 384) -> dict[str, np.ndarray]:
    return {key(n): np.full(width, n + 0.5, dtype=np.float32) for n in numbers}


def test_vectors_survive_a_restart(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "v.sqlite")
    cache.put(vectors(range(1200)))
    cache.close()
    again = VectorCache(tmp_path / "v.sqlite")
    found = again.get([key(n) for n in range(1300)])
    assert len(found) == 1200
    assert (found[key(7)] == 7.5).all()
    assert found[key(7)].dtype == np.float32
    again.close()


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "v.sqlite", limit=400 * 1600)
    cache.put(vectors(range(300)))
    cache.close()
    cache = VectorCache(tmp_path / "v.sqlite", limit=400 * 1600)
    cache.get([key(n) for n in range(50)])
    cache.put(vectors(range(1000, 1200)))
    assert cache.incomplete
    assert len(cache) <= 400
    assert len(cache.get([key(n) for n in range(50)])) == 50
    assert len(cache.get([key(n) for n in range(1000, 1200)])) == 200
    cache.close()


def test_what_is_made_of_every_token_goes_before_vectors_do(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "v.sqlite", limit=2**20)
    cache.put(vectors(range(300)))
    for number in range(1000, 1040):
        cache.put(vectors(range(number, number + 1), width=64 * 2**8))
        assert len(cache.get([key(number)])) == 1, "what was put in last is given out"
    assert cache.incomplete
    assert len(cache.get([key(n) for n in range(300)])) == 300
    assert 5 <= len(cache) - 300 <= 10
    cache.put(vectors(range(2000, 2700)))
    assert len(cache.get([key(n) for n in range(2000, 2700)])) > 300, "without any that is large, the oldest vectors go"
    assert not cache.get([key(n) for n in range(1000, 1040)])
    cache.close()


@pytest.mark.parametrize("content", [b"rubbish" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_cache_starts_afresh(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.sqlite"
    path.write_bytes(content)
    cache = VectorCache(path)
    assert cache.get([key(1)]) == {}
    cache.put(vectors(range(3)))
    assert len(cache.get([key(1)])) == 1
    assert cache.incomplete
    cache.close()


def test_a_cache_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = VectorCache(tmp_path / "file" / "v.sqlite")
    cache.put(vectors(range(3)))
    assert cache.get([key(1)]) == {}
    assert cache.incomplete
    cache.close()


def test_a_vector_that_holds_no_numbers_is_not_given_out(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "v.sqlite")
    cache.put({key(1): np.full(4, np.nan, dtype=np.float32), key(2): np.ones(4, dtype=np.float32)})
    assert list(cache.get([key(1), key(2)])) == [key(2)]
    cache.forget([key(2)])
    assert cache.get([key(2)]) == {}
    cache.close()


def put_beside_others(path: Path, number: int, all_are_up: Barrier) -> None:
    all_are_up.wait(HANGS_SECONDS)
    cache = VectorCache(path)
    for first in range(number * 1000, number * 1000 + 1000, 100):
        cache.put(vectors(range(first, first + 100)))
        cache.get([key(n) for n in range(3000)])
    cache.close()


@only_deep
def test_what_processes_put_in_at_once_is_all_there(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    all_are_up = spawn.Barrier(3)
    others = [
        spawn.Process(target=put_beside_others, args=(tmp_path / "v.sqlite", number, all_are_up)) for number in range(3)
    ]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert [other.exitcode for other in others] == [0, 0, 0]
    cache = VectorCache(tmp_path / "v.sqlite")
    found = cache.get([key(n) for n in range(3000)])
    cache.close()
    assert len(found) == 3000
    assert all(found[key(n)][0] == n + 0.5 for n in (0, 1500, 2999))


def test_one_who_meets_the_damage_that_another_mended_puts_nothing_aside(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    cache = VectorCache(path)
    cache.put(vectors(range(3000)))
    cache.close()
    first, second = VectorCache(path), VectorCache(path)
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(bytes(path.stat().st_size - 8192))
    keys = [key(n) for n in range(3000)]
    first.get(keys)
    first.put(vectors(range(5)))
    second.get(keys)
    for cache in (first, second):
        assert len(cache.get(keys)) == 5
        cache.close()
    assert [entry.name for entry in tmp_path.glob("*.damaged-*[0-9]")] == ["v.sqlite.damaged-1"]
