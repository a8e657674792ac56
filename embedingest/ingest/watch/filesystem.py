"""What the system says about watching: which folders have no events of their own, which limit was hit.

Knows Linux in detail; elsewhere it answers that nothing is known.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Final

__all__ = ["explain_limit", "filesystem_of", "is_remote"]

_REMOTE: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "ocfs2"),
        *("coda", "davfs", "beegfs", "orangefs", "pvfs2"),
        *("9p", "drvfs", "vboxsf", "prl_fs", "vmhgfs", "virtiofs"),
    }
)
_MOUNTS: Final = Path("/proc/self/mountinfo")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def filesystem_of(path: str, mounts: str | None = None) -> str:
    """The type of the file system that holds `path` (`ext4`, `nfs4`, `fuse.sshfs`, …); empty where unknown.

    `mounts` is the text of /proc/self/mountinfo, read from there by default.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
        except OSError:
            return ""
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        point = _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), fields.split(" ")[4])
        if len(point) >= len(best) and (real == point or real.startswith(point.rstrip("/") + "/")):
            best, kind = point, rest.split(" ")[0]
    return kind


def is_remote(kind: str) -> bool:
    """Whether others change such a file system without this kernel hearing of it."""
    return kind in _REMOTE or kind.startswith("fuse.")


def explain_limit(error: str, folders: int) -> str | None:
    """Which limit of inotify an error message is about and how to raise it; `None` if it is about none.

    `folders` is how many were to be watched.
    """
    if "limit reached" in error or "No space left" in error:
        name, needed, what = "max_user_watches", folders, f"{folders:,} folders are to be watched"
    elif "Too many open files" in error:
        name, needed, what = "max_user_instances", 128, "one more watcher is to be opened"
    else:
        return None
    allowed = _limit(name)
    bound = "no more" if allowed is None else f"{allowed:,} in all"
    return (
        f"{what}, and fs.inotify.{name} allows {bound}; "
        f"raise it with `sudo sysctl fs.inotify.{name}={max(2 * needed, 2 * (allowed or 0))}`"
    )


def _limit(name: str) -> int | None:
    """The stricter of the machine's limit and that of this user namespace."""
    values = []
    for path in (Path("/proc/sys/fs/inotify") / name, Path("/proc/sys/user") / name.replace("user", "inotify")):
        with contextlib.suppress(OSError, ValueError):
            values.append(int(path.read_text()))
    return min(values, default=None)
