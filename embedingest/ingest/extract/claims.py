"""Which files of a batch a worker has begun, agreed between two processes without asking: a pipe with a byte a file.

Who takes a byte out has that file: the worker, which reads it next, or its parent, which takes it back. A byte is the
number of its batch, so that a worker that is still at the one before knows that it has claimed of the next.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

__all__ = ["MOST_CLAIMS", "Claims", "Offers"]

MOST_CLAIMS: Final = 256
"""Files of one batch: a pipe takes so many bytes at once, or none."""

_NUMBERS: Final = 256


class Offers:
    """The parent's end. `descriptor` is what a worker is to inherit."""

    def __init__(self) -> None:
        self.descriptor, self._writable = os.pipe()
        os.set_blocking(self.descriptor, False)
        self._batch = 0

    def offer(self, count: int) -> None:
        """Offer the files of the next batch, before it is sent; what was offered before is claimed or taken back."""
        self._batch = (self._batch + 1) % _NUMBERS
        os.write(self._writable, bytes([self._batch]) * count)

    def withdraw(self) -> int:
        """Take back what is not claimed: how many files, the last of the batch."""
        with suppress(BlockingIOError):
            return len(os.read(self.descriptor, MOST_CLAIMS))
        return 0

    def close(self) -> None:
        os.close(self.descriptor)
        os.close(self._writable)


class Claims:
    """The worker's end, over the `descriptor` that its parent made."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._batch = 0
        self._ahead: int | None = None

    def begin(self) -> None:
        """The next batch is here."""
        self._batch = (self._batch + 1) % _NUMBERS

    def claim(self) -> bool:
        """Whether the next file of the batch is this worker's to read."""
        number, self._ahead = self._ahead, None
        if number is None:
            with suppress(BlockingIOError):
                number = os.read(self._descriptor, 1)[0]
        if number in {self._batch, None}:
            return number is not None
        self._ahead = number  # the first file of a batch that is on its way
        return False
