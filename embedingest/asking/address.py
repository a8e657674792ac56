"""Where the socket of one table lies, and how it is reached. Knows no question.

In a folder of its own, which nobody but its owner enters. A path may be longer than a socket's address may be: then the
folder is reached by its descriptor, where the system shows these as files.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from embedingest.system import can_lock, user_id

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_ANSWER_BYTES", "MOST_QUESTION_BYTES", "SILENCE_SECONDS", "Address", "is_supported"]

MOST_QUESTION_BYTES: Final = 4 * 2**20
MOST_ANSWER_BYTES: Final = 256 * 2**20
SILENCE_SECONDS: Final = 1.0
"""Who says nothing for so long is not waited for. A sign of life comes some times as often."""

_FOLDER: Final = "live"
_MOST_PATH_BYTES: Final = 100  # 104 on macOS, 108 on Linux, with the zero at the end
_DESCRIPTORS: Final = Path("/proc/self/fd")


def is_supported() -> bool:
    """Whether this system has sockets that lie in a folder, with an owner."""
    return hasattr(socket, "AF_UNIX") and user_id() is not None and can_lock()


class Address:
    """The socket of what `name` names, in a state folder."""

    def __init__(self, state: Path, name: str) -> None:
        digest = hashlib.blake2s(os.fsencode(name), digest_size=4).hexdigest()
        self.folder = state / _FOLDER
        self.path = self.folder / f"{digest}.sock"
        self.lock = self.folder / f"{digest}.lock"

    @property
    def is_ours(self) -> bool:
        """Whether a socket lies there that this user, and nobody else, can have made."""
        try:
            folder, found = self.folder.lstat(), self.path.lstat()
        except OSError:
            return False
        owners = {folder.st_uid, found.st_uid}
        return stat.S_ISDIR(folder.st_mode) and stat.S_ISSOCK(found.st_mode) and owners == {user_id()}

    @property
    def identity(self) -> tuple[int, int] | None:
        """Which socket lies there, by device and inode; `None` where none does."""
        try:
            found = self.path.lstat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def make_folder(self) -> None:
        """Make the folder, or take that of this user for its owner alone. Raises OSError."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        found = self.folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user_id():
            raise PermissionError(f"{self.folder} is no folder of this user")
        if stat.S_IMODE(found.st_mode) != 0o700:
            self.folder.chmod(0o700)

    @contextmanager
    def reached(self) -> Iterator[bytes]:
        """What to bind or connect to, while inside. Raises OSError where the path is too long for this system."""
        path = os.fsencode(self.path.absolute())
        if len(path) <= _MOST_PATH_BYTES:
            yield path
            return
        if not _DESCRIPTORS.is_dir():
            raise OSError(f"{self.path} is too long for the address of a socket")
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            yield os.fsencode(_DESCRIPTORS / str(folder) / self.path.name)
        finally:
            os.close(folder)
