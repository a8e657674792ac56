"""The cache of compiled models: what is pruned, and what is left alone."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from embedingest.engine.compiled.cache import NOTE, find, keep, place, prune

if TYPE_CHECKING:
    from pathlib import Path

NOW = {
    "fingerprint": "a:exact",
    "max_tokens": 256,
    "runtime": "openvino 2",
    "precision": "auto",
    "cpu": ["x"],
    "layout": 1,
}
DAY = 86_400


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path))


def kept(**differs: object) -> dict[str, object]:
    key = {**NOW, **differs}
    keep(key, lambda _: {"form": "fp32"})
    return key


def aged(folder: Path, days: float) -> Path:
    then = time.time() - days * DAY
    for path in (folder, folder / NOTE):
        if path.exists():
            os.utime(path, (then, then))
    return folder


def test_entries_of_other_versions_go_once_nobody_used_them_for_thirty_days():
    others = [kept(runtime="openvino 1"), kept(cpu=["y"]), kept(layout=0)]
    fresh, _ = kept(runtime="openvino 1", precision="fp32"), [aged(place(key), 31) for key in others]
    assert set(prune(NOW)) == {place(key) for key in others}
    assert all(find(key) is None for key in others)
    assert find(fresh) is not None


def test_what_this_version_can_still_use_stays_however_old():
    others = [kept(), kept(fingerprint="b:exact"), kept(precision="fp32"), kept(max_tokens=64)]
    for key in others:
        aged(place(key), 400)
    assert prune(NOW) == []
    assert all(find(key) is not None for key in others)


def test_what_a_killed_process_left_goes_and_what_a_living_one_makes_stays(tmp_path):
    left, made = tmp_path / "compiled" / ".abc.1.ff", tmp_path / "compiled" / ".def.2.ee"
    for folder in (left, made):
        folder.mkdir(parents=True)
        (folder / "try-plain.bin").write_bytes(b"half")
    aged(left, 31)
    kept()  # whoever makes an entry tidies up
    assert not left.exists()
    assert made.exists()


def test_using_an_entry_keeps_it_young():
    key = kept(runtime="openvino 1")
    aged(place(key), 31)
    assert find(key) is not None
    assert prune(NOW) == []
