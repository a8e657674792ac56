"""A large table is made once, and timed as often as one likes without becoming another one."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.depth import only_deep

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
ROWS = 3_000


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    known = set(sys.modules)
    vectors = importlib.import_module("vectors")
    vectors.BLOCK = 50
    large, sized = (importlib.import_module(name) for name in ("large", "sized"))
    real = vectors.unit(np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32))
    noise = np.eye(16, dtype=np.float32) * np.float32(0.2)
    statistics = vectors.Statistics(real, np.arange(0, 201, 10), noise, noise, 0.5)
    filler = large.Filler(statistics, [f"The walrus of the year {n} sleeps on ice" for n in range(50)])
    yield sized.Sized(tmp_path / "table", ROWS, filler)
    for name in set(sys.modules) - known:
        if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def files(table):
    return {path: path.stat().st_mtime_ns for path in table.folder.rglob("*") if path.is_file()}


@only_deep
def test_a_kept_table_is_timed_twice_and_stays_as_it_was_made(table):
    assert not table.is_made
    made = table.made(questions=5)
    assert (made["rows"], made["tend"]["readers"]["failed"], made["fold"]["readers"]["failed"]) == (ROWS, 0, 0)
    before = files(table)
    for _ in range(2):
        assert table.made(questions=5) == made
        timed = table.timed()
        assert timed["search"]["vector"]["recall_at_10"] == timed["search"]["filtered"]["recall_at_10"] == 1.0
        assert timed["upsert"]["replace_20_ms"] > 0
    assert files(table) == before
    assert [path.name for path in table.folder.parent.iterdir()] == ["table"]
