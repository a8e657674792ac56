"""Paths as people write them, and where a user's files are kept. Reads the environment, creates nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from embedingest.errors import ConfigError

__all__ = ["absolute", "expanded", "home_of", "moved", "removed_folder", "user_cache", "user_data", "working_folder"]

_NAME = "embedingest"


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with `~` and `~user` as the home folder they mean.

    Raises ConfigError for an empty text (an empty `Path` is the working folder), and where there is no such user.
    """
    text = os.fspath(path)
    if not text:
        raise ConfigError("an empty path names nothing", remedy="write `.` for the working folder")
    named = os.path.expanduser(text)  # noqa: PTH111 -- Path.expanduser raises RuntimeError
    if named.startswith("~"):
        user = text.partition("/")[0]
        raise ConfigError(
            f"{text}: `{user}` has no home folder here", remedy=f"write `./{text}` for a file of this name"
        )
    return Path(named)


def absolute(path: str | os.PathLike[str]) -> Path:
    """The same path from every working folder: `~` expanded, `..` taken out, links as they are. Raises ConfigError."""
    named = expanded(path)
    return Path(os.path.normpath(named if named.is_absolute() else working_folder() / named))


def working_folder() -> Path:
    """Where the program was called. Raises ConfigError where that folder was removed since."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise removed_folder() from None


def removed_folder() -> ConfigError:
    """The error for a working folder that is no more."""
    return ConfigError("the working folder was removed", remedy="`cd` to a folder that is there, and try again")


def user_cache() -> Path:
    """Folder for what can be made again: `$EMBEDINGEST_CACHE`, else `embedingest` in the system's cache folder.

    On Linux and macOS `$XDG_CACHE_HOME` names that folder.
    """
    if override := os.environ.get("EMBEDINGEST_CACHE"):
        return expanded(override)
    from platformdirs import user_cache_path

    return user_cache_path(_NAME, appauthor=False)


def user_data() -> Path:
    """Folder for what was asked for (pulled models): `$EMBEDINGEST_DATA`, else `embedingest` in the data folder.

    On Linux and macOS `$XDG_DATA_HOME` names that folder.
    """
    if override := os.environ.get("EMBEDINGEST_DATA"):
        return expanded(override)
    from platformdirs import user_data_path

    folder = user_data_path(_NAME, appauthor=False)
    return folder / "Data" if sys.platform == "win32" else folder  # beside `Cache`, which the library adds there


# -- paths that were kept beside a state folder, when that folder was moved, copied or mounted elsewhere since


def home_of(state: Path) -> str:
    """What is kept of a state folder to tell later whether it was moved: where it really lies."""
    return os.path.realpath(state)


def moved(path: Path, home: str | None, state: Path) -> Path:
    """Where `path` is now. `home` is `home_of` the state folder when it was kept, `state` is the state folder now.

    What lay beside or below the state folder went along with it, if it is there; everything else stays where it was.
    """
    now = Path(home_of(state))
    if home is None or home == str(now):
        return path
    then = Path(home)
    for old, new in ((then, state), (then.parent, state.parent)):
        if path.is_relative_to(old):
            there = new / path.relative_to(old)
            return there if os.path.lexists(there) else path
    return path
