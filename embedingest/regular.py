"""Reading files that may be anything, whose they are, and who may write them. Knows paths and bytes."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from embedingest.system import BINARY, CLOEXEC, NONBLOCK, user_id

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["may_write", "read_bounded", "why_not_ours"]

_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """The bytes of a regular file, links followed. Raises OSError, for a device, pipe or folder and a larger file too.

    Never waits for a pipe, and never reads more than `most_bytes`.
    """
    _check_regular(path.stat(), path)  # before it is opened: opening a device may do something
    flags = os.O_RDONLY | NONBLOCK | CLOEXEC | BINARY
    with os.fdopen(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        _check_regular(found, path)
        content = file.read(most_bytes + 1) if found.st_size <= most_bytes else b""
    if found.st_size > most_bytes or len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"it has more than {most_bytes} bytes", str(path))
    return content


def may_write(path: Path) -> bool:
    """Whether this process may change a file and make others beside it, as SQLite does also where it only reads."""
    effective = os.access in os.supports_effective_ids
    return all(os.access(place, os.W_OK, effective_ids=effective) for place in (path, path.parent))


def why_not_ours(path: Path, *, mode: bool = True) -> str | None:
    """Why a file or folder cannot be relied on as written by this user or root; `None` where it can. Raises OSError.

    A link is not followed and never relied on. Without `mode` it is asked only whose it is. Where the system knows no
    owners, everything can.
    """
    found = path.lstat()
    if (user := user_id()) is None:
        return None
    if stat.S_ISLNK(found.st_mode):
        return f"{path} is a link"
    if found.st_uid not in (user, 0):
        return f"{path} belongs to user {found.st_uid}, not to {user}"
    if mode and found.st_mode & _OTHERS_MAY_WRITE:
        return f"{path} can be written by others (mode {stat.S_IMODE(found.st_mode):o})"
    return None


def _check_regular(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a device or pipe"
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", str(path))
