"""Whether the places that a writer writes to take anything just now. A cheap look, for who waits until they do."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["room_for"]

_PROBE_BYTES: Final = 65_536
_LOOKED_INTO: Final = ("", "data", "_versions")


def room_for(folders: Iterable[Path], table: str) -> int:
    """Bytes free where there are fewest; -1 where one of the folders, or the table in it, cannot be read or written."""
    try:
        return min((_room(folder, table) for folder in folders), default=0)
    except OSError:
        return -1


def _room(folder: Path, table: str) -> int:
    """Raises OSError. A file is written, made sure of and removed: only that tells of permissions and quotas."""
    for name in _LOOKED_INTO:
        with suppress(FileNotFoundError), os.scandir(folder / f"{table}.lance" / name) as entries:
            next(entries, None)
    probe = folder / f".embedingest-probe-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)
    return shutil.disk_usage(folder).free
