"""The cache of compiled models: what is pruned, and what is left alone."""

from __future__ import annotations

import os
import shutil
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
    "threads": None,
    "cores": 2,
    "streams": 2,
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
    others = [kept(runtime="openvino 1"), kept(cpu=["y"]), kept(layout=0), kept(threads=1, streams=1)]
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


# -- entries that somebody else may have written


def foreign(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file be another user's: given away by root, else seen with another user's eyes."""
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)


unix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="only Unix knows owners and modes")
filled = {"form": "fp32"}


def made(key: dict[str, object]) -> tuple[Path, list[int]]:
    """Where an entry is made, and how often it was."""
    times: list[int] = []

    def fill(folder: Path) -> dict[str, str]:
        times.append(1)
        (folder / "model.xml").write_text("graph")
        (folder / "model.bin").write_bytes(b"weights")
        return filled

    entry, _ = keep(key, fill)
    return entry.folder, times


@unix
def test_an_entry_is_its_owners_alone():
    folder, _ = made(NOW)
    assert folder == place(NOW)
    assert folder.stat().st_mode & 0o077 == 0
    assert find(NOW) is not None


@unix
@pytest.mark.parametrize("name", ["", "model.xml", "model.bin", NOTE])
def test_an_entry_that_others_may_write_is_not_taken_and_is_made_again(caplog, name):
    folder, _ = made(NOW)
    folder.chmod(0o755)
    (folder / name).chmod(0o777 if not name else 0o666)
    assert find(NOW) is None
    assert "can be written by others" in caplog.text
    assert made(NOW) == (place(NOW), [1])
    assert find(NOW) is not None


@unix
def test_a_link_in_place_of_an_entry_or_a_file_is_not_taken(caplog, tmp_path):
    folder, _ = made(NOW)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert find(NOW) is None
    assert "is a link" in caplog.text
    private, times = made(NOW)
    assert (private != place(NOW), times) == (True, [1]), "made once, in a private place"
    shutil.rmtree(private)
    folder.unlink()
    (tmp_path / "elsewhere").rename(folder)
    assert find(NOW) is not None
    (folder / "model.xml").rename(tmp_path / "graph")
    (folder / "model.xml").symlink_to(tmp_path / "graph")
    assert find(NOW) is None


@unix
def test_an_entry_of_another_user_is_not_taken(caplog, monkeypatch):
    folder, _ = made(NOW)
    foreign(folder / "model.xml", monkeypatch)
    assert find(NOW) is None
    assert "belongs to user" in caplog.text


@unix
def test_in_a_cache_that_everybody_may_write_the_entry_is_made_in_a_private_place(tmp_path, caplog):
    made(NOW)
    place(NOW).parent.chmod(0o777)
    assert find(NOW) is None
    folder, times = made(NOW)
    assert times == [1]
    assert not folder.is_relative_to(tmp_path / "compiled")
    assert folder.stat().st_mode & 0o077 == 0
    assert "can be written by everybody" in caplog.text
    shutil.rmtree(folder)


@pytest.mark.parametrize("note", ["[]", "null", "[" * 100_000, '{"key": 1}', "no JSON"])
def test_a_note_that_is_none_is_made_again(note):
    folder, _ = made(NOW)
    (folder / NOTE).write_text(note)
    assert find(NOW) is None
    assert made(NOW) == (place(NOW), [1])
