"""What lies in the cache is told, with what nothing uses any more; only what is ours is taken away."""

from __future__ import annotations

import os
import time

import pytest

from embedingest.engine import hardware
from embedingest.engine.compiled import cache, runtime
from embedingest.engine.compiled.kept import kept, take_away
from embedingest.engine.folder.fingerprint import file_hash, remembered

KEY = {
    "fingerprint": "abcdef0123456789:exact", "max_tokens": 256, "precision": "auto", "threads": None, "cores": 2,
    "streams": 2, "layout": cache.LAYOUT,
}  # fmt: skip
OLD = time.time() - 2 * 86_400


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def make(model=None, **differs):
    here = {"runtime": f"openvino {runtime.runtime_version()}", "cpu": list(hardware.flags())}
    entry, _ = cache.keep(
        KEY | here | differs, lambda _: {"tried": [], "form": "bf16"} | ({"model": model} if model else {})
    )
    return entry.folder


def test_models_are_named_and_what_was_made_for_something_else_is_stale():
    made = {
        make("mine"): ("mine, bf16", None),
        make(max_tokens=512): ("model abcdef01, bf16", None),
        make("mine", runtime="openvino 1"): ("mine, bf16", "made by openvino 1, here is"),
        make("mine", cpu=["z80"]): ("mine, bf16", "made for another processor"),
        make("mine", layout=0): ("mine, bf16", "made by another version of embedingest"),
    }
    found = {each.path: each for each in kept()}
    assert found.keys() == made.keys()
    for path, (what, stale) in made.items():
        assert found[path].what == what
        assert (found[path].stale or "").startswith(stale or "")
        assert (found[path].stale is None) == (stale is None)
        assert found[path].size_bytes == sum(file.stat().st_size for file in path.iterdir())


def test_a_note_of_a_file_is_stale_once_the_file_is_gone(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"weights")
    file_hash(file)
    remembered(file, "tokenizers", [], "facts", str, lambda: "some")
    assert [(note.kind, note.what, note.stale) for note in kept()] == [("file note", str(file), None)] * 2
    file.unlink()
    assert [each.stale for each in kept()] == ["the file is no more"] * 2


def test_what_is_being_made_and_what_is_not_ours_is_left_alone(folder):
    entry = make("mine")
    compiled = entry.parent
    ours = [compiled / f".{'0' * 32}.1.0a.part", compiled / f"{'1' * 32}.lock"]
    fresh = [compiled / f".{'2' * 32}.1.0b.part", compiled / f"{'3' * 32}.lock", compiled / f"{entry.name}.lock"]
    others = [compiled / "notes.txt", compiled / "photos", folder / "letters.json"]
    for path in (*ours, *fresh, *others):
        path.mkdir() if path.suffix in {".part", ""} else path.write_text("x")
    for path in (*ours, fresh[2], *others):
        os.utime(path, (OLD, OLD))
    (compiled / ("4" * 32)).symlink_to(folder)
    assert {each.path for each in kept()} == {entry, *ours}
    assert {each.path for each in take_away(kept())} == {entry, *ours}
    assert all(path.exists() for path in (*fresh, *others))


def test_a_damaged_note_is_no_reason_to_stop():
    entry = make("mine")
    (entry / cache.NOTE).write_text("[")
    (found,) = kept()
    assert (found.stale, found.what) == ("its note is damaged", "a model unknown")
