"""The cache of small queries: whole answers only, copies only, the least recently used out first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine.scheduling.query_cache import QueryCache


def row(number: int) -> np.ndarray:
    return np.full(3, number, dtype=np.float32)


def test_a_call_is_answered_whole_or_not_at_all():
    cache = QueryCache(8)
    cache.put([1], row(1))
    cache.put([2], row(2))
    np.testing.assert_array_equal(cache.get([[2], [1], [2]]), [row(2), row(1), row(2)])
    assert cache.get([[1], [3]]) is None


def test_what_is_kept_is_a_copy():
    cache, batch = QueryCache(8), np.ones((2, 3), dtype=np.float32)
    cache.put([1], batch[0])
    batch[:] = 9
    np.testing.assert_array_equal(cache.get([[1]]), [[1, 1, 1]])


@given(most=st.integers(0, 4), texts=st.lists(st.integers(0, 9), max_size=40))
def test_at_most_so_many_are_kept_the_least_recently_used_go(most, texts):
    cache, recent = QueryCache(most), []
    for text in texts:
        if cache.get([[text]]) is None:
            assert text not in recent
            cache.put([text], row(text))
        else:
            assert text in recent
        recent = [*[other for other in recent if other != text], text][-most:] if most else []
