"""Where a user's files are kept: the folders of the system, under names that never change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedingest.paths import user_cache, user_data

HOME = Path("/home/somebody")

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the folders of Linux")


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("EMBEDINGEST_CACHE", "EMBEDINGEST_DATA", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(HOME))


def test_without_settings_they_are_in_the_home_folder():
    assert user_cache() == HOME / ".cache" / "embedingest"
    assert user_data() == HOME / ".local" / "share" / "embedingest"


def test_the_xdg_folders_are_honoured(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/scratch/cache")
    monkeypatch.setenv("XDG_DATA_HOME", "/scratch/data")
    assert user_cache() == Path("/scratch/cache/embedingest")
    assert user_data() == Path("/scratch/data/embedingest")


def test_an_empty_xdg_folder_is_as_none(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert user_cache() == HOME / ".cache" / "embedingest"


def test_our_own_variables_come_first_and_name_the_folder_itself(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/scratch/cache")
    monkeypatch.setenv("EMBEDINGEST_CACHE", "/mine/cache")
    monkeypatch.setenv("EMBEDINGEST_DATA", "/mine/data")
    assert (user_cache(), user_data()) == (Path("/mine/cache"), Path("/mine/data"))


def test_without_home_they_are_in_the_folder_of_the_system_account(monkeypatch):
    pwd = pytest.importorskip("pwd")
    monkeypatch.delenv("HOME")
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert user_cache() == home / ".cache" / "embedingest"


def test_nothing_is_created(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    user_cache(), user_data()
    assert list(tmp_path.iterdir()) == []


def test_the_library_is_loaded_only_when_a_folder_of_the_system_is_needed():
    code = "import sys, embedingest.paths; print('platformdirs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
