"""Pages of a mapped file that were read once and are not needed again, given back to the system. Knows no model."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["give_back"]

_MADV_PAGEOUT: Final = 21  # of Linux 5.4 and later: what is touched again is read again, so nothing is lost
_MAPS: Final = Path("/proc/self/maps")


def give_back(file: Path) -> None:
    """Let the system have the memory of this file's pages: the runtime has weights of its own making beside them.

    Where the system has no such call, they stay until it is short of memory.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError, ValueError):
        advise = ctypes.CDLL(None, use_errno=True).madvise
        for start, end in _places(str(file)):
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_PAGEOUT)


def _places(name: str) -> Iterator[tuple[int, int]]:
    """First and last address of each part of this process's memory that is read from the file and never written."""
    with _MAPS.open(encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            place, flags, _, _, _, *path = line.rstrip("\n").split(maxsplit=5)
            if path == [name] and "w" not in flags:
                start, _, end = place.partition("-")
                yield int(start, 16), int(end, 16)
