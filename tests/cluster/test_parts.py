"""Parts are bounded, grow smaller towards the end, and lose no file when they are cut or halved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from embedingest.cluster.parts import PartBounds, cut, halves, share_of
from embedingest.cluster.values import PartFile
from tests.ingest.run.values import candidate

BOUNDS = PartBounds(bytes=64 * 2**20, files=1000)
SIZES = st.lists(st.integers(0, 200 * 2**20), min_size=1, max_size=40)


def files(sizes: list[int]) -> list[PartFile]:
    return [PartFile(candidate(f"{number}.txt", size=size), None) for number, size in enumerate(sizes)]


def all_parts(waiting: list[PartFile], bounds: PartBounds) -> list[tuple[PartFile, ...]]:
    source = iter(waiting)
    return list(iter(lambda: cut(lambda: next(source, None), bounds), ()))


def size_of(part: tuple[PartFile, ...]) -> int:
    return sum(file.candidate.file.facts.size for file in part)


@given(SIZES, st.integers(1, 100 * 2**20), st.integers(1, 10))
def test_every_file_is_in_one_part_in_order_and_only_the_last_file_of_a_part_exceeds_its_bytes(
    sizes: list[int], most_bytes: int, most_files: int
) -> None:
    waiting = files(sizes)
    parts = all_parts(waiting, PartBounds(most_bytes, most_files))
    assert [file for part in parts for file in part] == waiting
    assert all(len(part) <= most_files and size_of(part[:-1]) < most_bytes for part in parts)


@given(st.lists(st.integers(0, 200 * 2**20), min_size=2, max_size=40))
def test_halves_are_never_empty_lose_nothing_and_differ_by_one_file_at_most(sizes: list[int]) -> None:
    waiting = files(sizes)
    first, second = halves(waiting)
    assert first
    assert second
    assert [*first, *second] == waiting
    assert abs(size_of(first) - size_of(second)) <= max(sizes) + 512 * len(sizes)


def test_a_part_that_is_halved_again_and_again_comes_down_to_single_files() -> None:
    parts, rounds = [tuple(files([3, 1, 4, 1, 5, 9, 2, 6]))], 0
    while any(len(part) > 1 for part in parts):
        parts = [half for part in parts for half in (halves(part) if len(part) > 1 else (part,))]
        rounds += 1
    assert len(parts) == 8
    assert rounds <= 4


def test_parts_are_as_large_as_they_may_while_much_waits_and_smaller_when_little_does() -> None:
    much = share_of(BOUNDS, waiting_bytes=100 * 2**30, waiting_files=10**6, nodes=4, handed_over=100)
    less = share_of(BOUNDS, waiting_bytes=64 * 2**20, waiting_files=1600, nodes=4, handed_over=100)
    least = share_of(BOUNDS, waiting_bytes=10, waiting_files=1, nodes=4, handed_over=100)
    assert much == BOUNDS
    assert less == PartBounds(2 * 2**20, 50)
    assert least == PartBounds(256 * 1024, 32)


def test_bounds_below_the_least_are_kept() -> None:
    much = {"waiting_bytes": 10**9, "waiting_files": 10**6, "nodes": 2}
    assert share_of(PartBounds(10, 1), **much, handed_over=100) == PartBounds(10, 1)


def test_the_first_parts_are_small_and_each_round_of_all_nodes_doubles_them() -> None:
    sizes = [
        share_of(BOUNDS, waiting_bytes=100 * 2**30, waiting_files=10**6, nodes=2, handed_over=number)
        for number in range(20)
    ]
    assert sizes[:5] == [PartBounds(256 * 1024 * n, 32 * n) for n in (1, 1, 2, 2, 4)]
    assert sizes[-1] == BOUNDS
