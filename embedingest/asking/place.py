"""The place of who answers for a table: a lock beside its socket, taken back by the system from whoever is killed."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from embedingest.system import NO_FOLLOW, lock_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Place"]


class Place:
    """The lock at `path`, held until `leave`. Raises BlockingIOError where another program holds it, OSError.

    Who leaves removes the file while it still holds the lock. So who got a lock looks whether its file is the one that
    lies there: it may have waited for one that was removed, beside which a third may hold a new one by now.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        while True:
            self._descriptor = _locked(path)
            if self._is_there():
                return
            os.close(self._descriptor)

    def leave(self) -> None:
        """Remove the file, unless another was put in its place, and give the lock back."""
        with suppress(OSError):
            if self._is_there():
                self._path.unlink()
        self.abandon()

    def abandon(self) -> None:
        """Give the descriptor back; the file stays, for who has it too."""
        os.close(self._descriptor)

    def _is_there(self) -> bool:
        held = os.fstat(self._descriptor)
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return False
        return (held.st_dev, held.st_ino) == (found.st_dev, found.st_ino)


def _locked(path: Path) -> int:
    """A descriptor of the file, locked. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o600)
    try:
        lock_file(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
