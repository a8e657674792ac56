"""Linux's inotify, called directly: watches on folders, and the events of them as the kernel queues them.

watchfiles hides what a follower has to know: that the queue ran over, which two events are one rename, and which
folder of many it was that could not be watched.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.scan.files import open_below
from embedingest.system import CLOEXEC, DIRECTORY, NONBLOCK, PATH_ONLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "IGNORED",
    "MOVED_FROM",
    "MOVED_TO",
    "OVERFLOW",
    "FolderLostError",
    "Inotify",
    "KernelEvent",
    "NoWatchesError",
    "events_in",
    "is_available",
]

MOVED_FROM: Final = 0x40
MOVED_TO: Final = 0x80
OVERFLOW: Final = 0x4000
IGNORED: Final = 0x8000
"""The kernel gave a watch up: its folder is gone, or what it lay on was unmounted."""

# modify, attrib, close_write, moved_from, moved_to, create, delete, delete_self, move_self
_CHANGES: Final = 0x2 | 0x4 | 0x8 | MOVED_FROM | MOVED_TO | 0x100 | 0x200 | 0x400 | 0x800
_ONLY_FOLDERS: Final = 0x1000000
_HEADER: Final = struct.Struct("iIII")
_READ_BYTES: Final = 1 << 16
_FOLDER_FLAGS: Final = PATH_ONLY | DIRECTORY
_EXHAUSTED: Final = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSYS})


class NoWatchesError(Exception):
    """The system gives no more watches, or none at all."""


class FolderLostError(Exception):
    """A path cannot be watched: it is gone, is no folder, leads round in a circle or may not be read."""


class KernelEvent(NamedTuple):
    """Something that happened in the folder of a watch; `name` is empty where it befell the folder itself.

    `mask` are bits of inotify(7). Both ends of a rename have the same `cookie`, else it is 0.
    """

    watch: int
    mask: int
    cookie: int
    name: str


class Inotify:
    """One queue of the kernel. Raises NoWatchesError where there is none to be had."""

    def __init__(self) -> None:
        functions = _functions()
        if functions is None:
            raise NoWatchesError("this system has no inotify")
        init, self._add, self._remove = functions
        self.descriptor: Final = init(NONBLOCK | CLOEXEC)
        if self.descriptor < 0:
            raise NoWatchesError(os.strerror(ctypes.get_errno()))

    def add(self, root: str, relative: str) -> int:
        """Watch the folder at `relative` below `root`, through links, and answer the watch's number.

        A folder that is watched already keeps its number, whatever path it is reached by. Raises FolderLostError,
        NoWatchesError.
        """
        path = f"{root}/{relative}" if relative else root or "/"
        watch, error = self._call(path)
        if error == errno.ENAMETOOLONG:
            with contextlib.suppress(OSError):
                descriptor = open_below(root or "/", relative, _FOLDER_FLAGS)
                try:
                    watch, error = self._call(f"/proc/self/fd/{descriptor}")
                finally:
                    os.close(descriptor)
        if watch >= 0:
            return watch
        if error in _EXHAUSTED:
            raise NoWatchesError(os.strerror(error))
        raise FolderLostError(os.strerror(error))

    def remove(self, watch: int) -> None:
        """Give up a watch; one that the kernel gave up already is none."""
        self._remove(self.descriptor, watch)

    def read(self) -> bytes:
        """What is queued, as much as one call gives; empty where nothing is. For `events_in`."""
        try:
            return os.read(self.descriptor, _READ_BYTES)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self.descriptor)

    def _call(self, path: str) -> tuple[int, int]:
        try:
            watch = self._add(self.descriptor, os.fsencode(path), _CHANGES | _ONLY_FOLDERS)
        except ValueError:  # a null byte
            return -1, errno.ENOENT
        return watch, ctypes.get_errno() if watch < 0 else 0


def events_in(data: bytes) -> Iterator[KernelEvent]:
    """The events that `Inotify.read` gave; a name that is no text keeps its bytes as surrogates."""
    at = 0
    while at < len(data):
        watch, mask, cookie, length = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        yield KernelEvent(watch, mask, cookie, os.fsdecode(data[at : at + length].rstrip(b"\0")))
        at += length


def is_available() -> bool:
    """Whether this system has inotify."""
    return _functions() is not None


def _functions() -> tuple[Callable[[int], int], Callable[[int, bytes, int], int], Callable[[int, int], int]] | None:
    """`inotify_init1`, `inotify_add_watch` and `inotify_rm_watch` of the C library."""
    if sys.platform != "linux":
        return None
    try:
        library = ctypes.CDLL(None, use_errno=True)
        functions = library.inotify_init1, library.inotify_add_watch, library.inotify_rm_watch
    except (OSError, AttributeError):
        return None
    init, add, remove = functions
    init.argtypes = [ctypes.c_int]
    add.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32]
    remove.argtypes = [ctypes.c_int, ctypes.c_int]
    return functions
