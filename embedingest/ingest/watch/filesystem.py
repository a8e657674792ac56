"""What the system says about watching: which folders have no events of their own, which limit was hit.

Knows Linux in detail; elsewhere it answers that nothing is known.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.system import CLOEXEC

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MountTable", "explain_limit", "filesystem_of", "is_remote", "mounts_within"]

_REMOTE: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "ocfs2"),
        *("coda", "davfs", "beegfs", "orangefs", "pvfs2"),
        *("9p", "drvfs", "vboxsf", "prl_fs", "vmhgfs", "virtiofs"),
    }
)
_MOUNTS: Final = Path("/proc/self/mountinfo")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


class _Mount(NamedTuple):
    """A line of /proc/self/mountinfo; `folder` is the one of the device that is mounted."""

    point: str
    kind: str
    device: str
    folder: str


def filesystem_of(path: str, mounts: str | None = None) -> str:
    """The type of the file system that holds `path` (`ext4`, `nfs4`, `fuse.sshfs`, …); empty where unknown.

    `mounts` is the text of /proc/self/mountinfo, read from there by default.
    """
    real = os.path.realpath(path)
    best, kind = "", ""
    for mount in _mounts(mounts):
        if len(mount.point) >= len(best) and (real == mount.point or real.startswith(mount.point.rstrip("/") + "/")):
            best, kind = mount.point, mount.kind
    return kind


def mounts_within(path: str, mounts: str | None = None) -> dict[str, str]:
    """What is mounted at a folder and below it, by relative path; nothing where that is unknown.

    The value tells one mount from another, and is the same again after the machine was started anew: the file system,
    the device and which folder of it. Of several at one place the last counts, which is the one that shows.
    """
    real = os.path.realpath(path)
    inside = real.rstrip("/") + "/"
    return {
        mount.point[len(inside) :]: f"{mount.kind} {mount.device} {mount.folder}"
        for mount in _mounts(mounts)
        if mount.point == real or mount.point.startswith(inside)
    }


class MountTable:
    """What is mounted at a folder and below it, as of the last look; always empty where that is unknown."""

    def __init__(self, path: str) -> None:
        self._path: Final = path
        self._descriptor = -1
        self._poll: Final = select.poll() if hasattr(select, "poll") else None
        with contextlib.suppress(OSError):
            self._descriptor = os.open(_MOUNTS, os.O_RDONLY | CLOEXEC)
        if self._poll is not None and self._descriptor >= 0:
            self._poll.register(self._descriptor, select.POLLPRI)
        self._mounted = mounts_within(path)

    def changed(self) -> set[str]:
        """The relative paths of the mount points that came, went or hold something else since the last call."""
        if self._poll is None or self._descriptor < 0 or not self._poll.poll(0):
            return set()
        before, self._mounted = self._mounted, mounts_within(self._path)
        points = before.keys() | self._mounted.keys()
        return {point for point in points if before.get(point) != self._mounted.get(point)}

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


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


def _mounts(text: str | None) -> Iterator[_Mount]:
    if text is None:
        try:
            text = _MOUNTS.read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            return
    for line in text.split("\n"):
        fields, _, rest = line.partition(" - ")
        if not rest:
            continue
        root, point = (_unescaped(field) for field in fields.split(" ")[3:5])
        kind, device = rest.split(" ")[:2]
        yield _Mount(point, kind, device, root)


def _unescaped(field: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), field)


def _limit(name: str) -> int | None:
    """The stricter of the machine's limit and that of this user namespace."""
    values = []
    for path in (Path("/proc/sys/fs/inotify") / name, Path("/proc/sys/user") / name.replace("user", "inotify")):
        with contextlib.suppress(OSError, ValueError):
            values.append(int(path.read_text("ascii")))
    return min(values, default=None)
