"""Where a user's files are kept on this system. Knows no room; reads the environment, creates nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["user_cache", "user_data"]

_NAME = "embedingest"


def user_cache() -> Path:
    """Folder for what can be made again: `$EMBEDINGEST_CACHE`, else `embedingest` in the system's cache folder.

    On Linux and macOS `$XDG_CACHE_HOME` names that folder.
    """
    if override := os.environ.get("EMBEDINGEST_CACHE"):
        return Path(override)
    from platformdirs import user_cache_path

    return user_cache_path(_NAME, appauthor=False)


def user_data() -> Path:
    """Folder for what was asked for (pulled models): `$EMBEDINGEST_DATA`, else `embedingest` in the data folder.

    On Linux and macOS `$XDG_DATA_HOME` names that folder.
    """
    if override := os.environ.get("EMBEDINGEST_DATA"):
        return Path(override)
    from platformdirs import user_data_path

    folder = user_data_path(_NAME, appauthor=False)
    return folder / "Data" if sys.platform == "win32" else folder  # beside `Cache`, which the library adds there
