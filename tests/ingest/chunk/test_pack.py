"""Where a run of pieces is cut: the cheapest way, however many pieces fit into one chunk."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.chunk.pack import AIM, pack


def cheapest(positions, costs, capacity, aim):
    """What the module's own words say, one pair of bounds after the other."""
    count = len(positions) - 1
    if positions[count] - positions[0] <= capacity * aim:
        return [0, count]
    goal = 1.0 / max(1.0, capacity * aim)
    best, origin = [0.0], [0]
    for end in range(1, count + 1):
        sizes = {begin: positions[end] - positions[begin] for begin in range(end)}
        fitting = [begin for begin in reversed(range(end)) if sizes[begin] <= capacity or begin == end - 1]
        prices = {begin: best[begin] + (1.0 - sizes[begin] * goal) * (1.0 - sizes[begin] * goal) for begin in fitting}
        origin.append(min(prices, key=prices.__getitem__))  # the first of equal ones is the latest
        best.append(prices[origin[-1]] + costs[end])
    cuts = [count]
    while cuts[-1]:
        cuts.append(origin[cuts[-1]])
    return cuts[::-1]


@given(
    sizes=st.lists(st.sampled_from([0, 0, 1, 1, 1, 2, 3, 90, 400]), min_size=1, max_size=300),
    prices=st.lists(st.sampled_from([0.0, 0.2, 0.25, 0.4, 1.0, 1.5]), min_size=1, max_size=7),
    capacity=st.integers(1, 300),
    aim=st.sampled_from([AIM, 1.0]),
)
def test_the_cheapest_way_is_taken_for_pieces_of_any_size(sizes, prices, capacity, aim):
    positions = [0, *accumulate(sizes)]
    costs = [prices[number % len(prices)] for number in range(len(positions))]
    assert pack(positions, costs, capacity, aim) == cheapest(positions, costs, capacity, aim)


def test_pieces_of_one_token_are_cut_as_they_would_be_one_by_one():
    positions = list(range(1_500))
    costs = [(number * 7919 % 101) / 101 for number in positions]
    assert pack(positions, costs, 256) == cheapest(positions, costs, 256, AIM)


def test_pieces_of_a_few_tokens_are_cut_as_they_would_be_one_by_one():
    sizes = [1 + number * 31 % 7 + 60 * (number % 97 == 0) for number in range(1_000)]
    positions = [0, *accumulate(sizes)]
    costs = [(number * 7919 % 101) / 101 for number in range(len(positions))]
    assert pack(positions, costs, 256) == cheapest(positions, costs, 256, AIM)
