"""The gate: which figures pass, and which texts they are of."""

from __future__ import annotations

import numpy as np

from embedingest.engine.gate import compare


def test_nan_never_passes_the_gate():
    good = np.eye(4, dtype=np.float32)
    bad = good.copy()
    bad[2, 2] = np.nan
    assert compare(good, good).passed
    assert not compare(good, bad).passed
    assert not compare(good, good[:3]).passed
