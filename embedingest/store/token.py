"""The name of a table's newest version, from its folder alone. Imports no LanceDB: an unchanged run asks only this."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from embedingest.errors import StoreError
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["newest_manifest", "version_token"]


def version_token(uri: str | Path, name: str) -> str | None:
    """A string that changes with every commit to the table, whoever makes it.

    Empty where there is no table, `None` where it cannot be told without opening it (object stores). Raises StoreError
    where it may not be looked at.
    """
    folder = local_folder(uri)
    if folder is None:
        return None
    try:
        newest = newest_manifest(folder / f"{name}.lance")
        if newest is None:
            return ""
        facts = newest.stat()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StoreError(
            f"table `{name}` in {uri} cannot be read: {error.strerror}", remedy="mend the permissions of that folder"
        ) from error
    return f"{newest.name}:{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ino}"


def newest_manifest(folder: Path) -> Path | None:
    """The manifest of the newest version in a table's folder; `None` where there is none. Raises OSError."""
    try:
        with os.scandir(folder / "_versions") as entries:
            # Manifests are named by the largest number less the version, so that the newest sorts first.
            names = [entry.name for entry in entries if entry.name.endswith(".manifest")]
    except (FileNotFoundError, NotADirectoryError):
        return None
    known = [name for name in names if name.partition(".")[0].isdecimal()]
    return folder / "_versions" / min(known, key=_order) if known else None


def _order(name: str) -> tuple[int, int]:
    """Newest first under either naming: 20 digits counting down, or the version itself counting up."""
    number = name.partition(".")[0]
    return (0, int(number)) if len(number) == 20 else (1, -int(number))
