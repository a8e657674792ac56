"""Cutting, normalising and checking vectors."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embedingest.engine.vectors import cosines, cut, finite_rows, normalise

ROWS = arrays(np.float32, (4, 6), elements=st.floats(-1e3, 1e3, width=32))


@given(ROWS)
def test_every_row_has_length_one_or_stays_zero(rows):
    lengths = np.linalg.norm(normalise(rows).astype(np.float64), axis=1)
    tiny = np.linalg.norm(rows.astype(np.float64), axis=1) < 1e-12
    np.testing.assert_allclose(lengths[~tiny], 1.0, atol=1e-6)


@given(ROWS, st.integers(-3, 9))
def test_a_cut_keeps_the_first_numbers_and_length_one(rows, dimensions):
    unit = normalise(rows)
    short = cut(unit, dimensions)
    if not 0 < dimensions < 6:
        assert short is unit
    else:
        np.testing.assert_allclose(short, normalise(unit[:, :dimensions]))


def test_many_rows_are_normalised_as_each_alone():
    rows = np.random.default_rng(3).standard_normal((9000, 3), dtype=np.float32)
    unit = normalise(rows)
    assert unit.dtype == np.float32
    for i in (0, 4095, 4096, 8999):
        np.testing.assert_array_equal(unit[i], normalise(rows[i : i + 1])[0])


def test_zero_rows_stay_zero():
    assert not normalise(np.zeros((2, 3), np.float32)).any()


def test_a_row_with_nan_or_infinity_is_told_apart():
    rows = np.array([[1, 2], [np.nan, 0], [np.inf, 0], [np.inf, -np.inf], [3.4e38, 3.4e38]], np.float32)
    assert finite_rows(rows).tolist() == [True, False, False, False, True]


def test_cosine_of_equal_opposite_and_zero_rows():
    left = np.array([[1, 2], [1, 0], [0, 0], [0, 0]], np.float32)
    right = np.array([[2, 4], [-1, 0], [0, 0], [1, 0]], np.float32)
    np.testing.assert_allclose(cosines(left, right), [1, -1, 1, 0])
