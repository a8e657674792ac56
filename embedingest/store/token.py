"""The name of a table's newest version, from its folder alone. Imports no LanceDB: an unchanged run asks only this."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["version_token"]


def version_token(uri: str | Path, name: str) -> str | None:
    """A string that changes with every commit to the table, whoever makes it.

    Empty where there is no table, `None` where it cannot be told without opening it (object stores).
    """
    folder = local_folder(uri)
    if folder is None:
        return None
    try:
        with os.scandir(folder / f"{name}.lance" / "_versions") as entries:
            # Manifests are named by the largest number less the version, so that the newest sorts first.
            newest = min((entry for entry in entries if entry.name.endswith(".manifest")), key=lambda e: _order(e.name))
            facts = newest.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return ""
    return f"{newest.name}:{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ino}"


def _order(name: str) -> tuple[int, int]:
    """Newest first under either naming: 20 digits counting down, or the version itself counting up."""
    number = name.partition(".")[0]
    if not number.isdigit():
        return (2, 0)
    return (0, int(number)) if len(number) == 20 else (1, -int(number))
