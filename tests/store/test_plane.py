"""The plane of the map: the directions of most spread, the same each time, steady under change, and never NaN."""

from __future__ import annotations

import numpy as np
import pytest

from embedingest.store.plane import plane_of


def cloud(rows=400, width=48, seed=0):
    """Unit vectors in five heaps."""
    rng = np.random.default_rng(seed)
    heaps = rng.normal(size=(5, width))
    vectors = heaps[rng.integers(0, 5, rows)] + 0.4 * rng.normal(size=(rows, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_the_axes_are_the_first_two_principal_components():
    vectors = cloud()
    plane = plane_of(vectors)
    spread = vectors - vectors.mean(axis=0)
    _, values, right = np.linalg.svd(spread, full_matrices=False)
    np.testing.assert_allclose(np.abs(np.sum(right[:2] * plane.axes, axis=1)), 1, atol=1e-3)
    np.testing.assert_allclose(plane.shares, values[:2] ** 2 / np.sum(values**2), rtol=1e-3)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-5)


def test_the_order_of_the_rows_and_a_second_time_change_nothing():
    vectors = cloud()
    places = plane_of(vectors).places(vectors)
    np.testing.assert_array_equal(plane_of(vectors).places(vectors), places)
    np.testing.assert_allclose(plane_of(vectors[::-1].copy()).places(vectors), places, atol=2e-3)


def test_a_table_that_changed_a_little_lies_as_it_did():
    vectors = cloud()
    before = plane_of(vectors)
    # Turned and mirrored as a computation of its own might have it: the picture must not follow.
    for sign in ([-1, -1], [1, -1], [-1, 1]):
        turned = type(before)(before.mean, before.axes[::-1] * np.array(sign)[:, None], before.shares)
        after = plane_of(np.concatenate([vectors, cloud(20, seed=3)]), turned)
        moved = np.abs(after.places(vectors) - turned.places(vectors))
        assert np.median(moved) < 0.05
        np.testing.assert_allclose(after.axes @ after.axes.T, np.eye(2), atol=1e-5)


@pytest.mark.parametrize(
    ("vectors", "spreading"),
    [
        (np.zeros((0, 8)), 0),
        (np.ones((1, 8)), 0),
        (np.ones((7, 8)) / np.sqrt(8), 0),
        (np.zeros((3, 8)), 0),
        (np.repeat(np.eye(2, 8), 3, axis=0), 1),
        (np.ones((5, 1)), 0),
        (np.arange(6.0).reshape(6, 1), 1),
        (np.full((2, 8), 1e-30), 0),
    ],
)
def test_where_nothing_spreads_all_lie_in_one_place(vectors, spreading):
    vectors = vectors.astype(np.float32)
    plane = plane_of(vectors)
    places = plane.places(vectors)
    assert places.shape == (len(vectors), 2)
    assert np.isfinite(places).all()
    assert sum(share > 0 for share in plane.shares) == spreading
    assert np.isfinite(plane_of(vectors, plane_of(cloud(width=vectors.shape[1]))).places(vectors)).all()


def test_heaps_of_equal_spread_in_all_directions_are_found_in_bounded_steps():
    vectors = np.random.default_rng(0).normal(size=(3_000, 256)).astype(np.float32)
    plane = plane_of(vectors)
    assert np.isfinite(plane.places(vectors)).all()
    assert 0 < plane.shares[1] <= plane.shares[0] < 0.05
