"""The vectors that large tables are made of: the same each time, and as like each other as those they are fitted to."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def fitted():
    """The module, unit vectors of 200 documents of four chunks in 24 dimensions of unlike weight, their owners."""
    sys.path.insert(0, str(BENCHMARKS))
    module = importlib.import_module("vectors")
    sys.path.remove(str(BENCHMARKS))
    rng = np.random.default_rng(0)
    axes = np.linspace(2, 0.2, 24)
    topics = rng.normal(size=(20, 24)) * axes
    means = topics[rng.integers(0, 20, 200)] + rng.normal(size=(200, 24)) * axes * 0.4 + 0.3
    chunks = np.repeat(means, 4, axis=0) + rng.normal(size=(800, 24)) * axes * 0.5
    real, owners = module.unit(chunks).astype(np.float32), np.repeat(np.arange(200), 4)
    yield module, real, owners, module.fit(real, owners)
    for name in ("vectors", "texts"):
        sys.modules.pop(name, None)


def test_made_vectors_are_as_like_each_other_as_the_real_ones(fitted):
    module, real, owners, statistics = fitted
    wanted, found = module.likeness(real, owners), module.likeness(*statistics.sample(200, 4))
    for name in ("cosine_of_any_two", "its_deviation", "cosine_of_the_nearest_elsewhere"):
        assert found[name] == pytest.approx(wanted[name], abs=0.03), name
    assert found["local_dimensions"] == pytest.approx(wanted["local_dimensions"], rel=0.3)


def test_blocks_are_the_same_each_time_and_differ_from_each_other(fitted, monkeypatch):
    module, _, _, statistics = fitted
    monkeypatch.setattr(module, "BLOCK", 50)
    first, again, second = statistics.block(0), statistics.block(0), statistics.block(1)
    assert first.dtype == np.float32
    assert first.shape == (1_000, 24)
    assert np.array_equal(first, again)
    assert not np.allclose(first, second)
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)


def test_questions_lie_near_the_rows_that_they_are_asked_of_and_are_none_of_them(fitted, monkeypatch):
    module, _, _, statistics = fitted
    monkeypatch.setattr(module, "BLOCK", 50)
    rows = np.concatenate([statistics.block(0), statistics.block(1)])
    nearest = np.sort(statistics.questions(30, len(rows)) @ rows.T, axis=1)[:, -1]
    assert nearest.max() < 0.9999
    assert np.median(nearest) > np.median(rows[:30] @ rows[30:].T)
