"""Where a user's things are kept on this system. Knows no room; reads the environment, creates nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["user_cache", "user_data"]


def user_cache() -> Path:
    """Folder for what can be made again: `$EMBEDINGEST_CACHE`, else `embedingest` in the system's cache folder."""
    return _folder("EMBEDINGEST_CACHE", "XDG_CACHE_HOME", ".cache", "Library/Caches", "Cache")


def user_data() -> Path:
    """Folder for what was asked for (pulled models): `$EMBEDINGEST_DATA`, else `embedingest` in the data folder."""
    return _folder("EMBEDINGEST_DATA", "XDG_DATA_HOME", ".local/share", "Library/Application Support", "Data")


def _folder(own: str, xdg: str, unix: str, mac: str, windows: str) -> Path:
    if value := os.environ.get(own):
        return Path(value)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(base) / "embedingest" / windows
    default = Path.home() / (mac if sys.platform == "darwin" else unix)
    return Path(os.environ.get(xdg) or default) / "embedingest"
