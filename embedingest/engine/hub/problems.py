"""What can go wrong between a hub and this disk. Knows neither."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from embedingest.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DiskError", "PullError", "TransientError", "disk_error"]

_FULL: Final = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class PullError(EngineError):
    """A model could not be fetched, or is none that can be run."""


class DiskError(PullError):
    """What was fetched cannot be kept here. `is_full` says that room would mend it."""

    is_full = False


class TransientError(Exception):
    """What may go well in a moment. `after` is the least number of seconds to wait, where the hub named one."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


def disk_error(path: Path, error: OSError) -> DiskError:
    """The error for a file or folder that cannot be written."""
    failed = DiskError(
        f"cannot write {path}: {error.strerror or error}",
        remedy="make room there, or set `EMBEDINGEST_DATA` to a folder that has some"
        if error.errno in _FULL
        else "make it writable, or set `EMBEDINGEST_DATA` to a folder that is",
    )
    failed.is_full = error.errno in _FULL
    return failed
