"""`cache`: what lies in the cache folder is told in both forms, and its room is freed when that is asked for."""

from __future__ import annotations

import pytest

from embedingest.engine.compiled import cache
from tests.engine.compiled.test_kept import make


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDINGEST_DATA", str(tmp_path / "data"))
    return tmp_path


def test_an_empty_cache_is_told_as_one(shell, folders):
    assert f"{folders / 'cache'}: 0.0 KB" in shell.run("cache").out
    assert "nothing to take away" in shell.run("cache", "clear").out


def test_prune_frees_what_is_not_used_and_clear_the_rest(shell, folders):
    used, stale = make("mine"), make("mine", runtime="openvino 1")
    (folders / "data").mkdir()
    (folders / "data" / "pulled.bin").write_bytes(b"x" * 5_000)
    told = shell.run("cache").out
    assert "mine, bf16, used today" in told
    assert "not used here (made by openvino 1" in told
    assert f"{folders / 'data'}: 5.0 KB" in told
    shown = shell.run("cache", "show", "--json").json
    assert {item["path"] for item in shown["cache"]["items"]} == {str(used), str(stale)}
    freed = shell.run("cache", "prune", "--json").json
    assert [item["path"] for item in freed["items"]] == [str(stale)]
    assert freed["freed_bytes"] > 0
    assert (used / cache.NOTE).exists()
    assert "1 compiled model)" in shell.run("cache", "clear").out
    assert not used.exists()
    assert (folders / "data" / "pulled.bin").exists(), "what was asked for is not the cache's"
