"""Paths that were kept beside a state folder, when that folder was moved, copied or mounted elsewhere since."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["home_of", "moved"]


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
