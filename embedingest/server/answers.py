"""The answers in memory: how many bytes of them there may be at once. Knows sizes; knows no answer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from embedingest.server.wire.decode import WireError
from embedingest.server.wire.refusals import BUSY

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SMALL_BYTES", "Answers", "Room"]

SMALL_BYTES: Final = 64 * 1024
"""An answer up to this size is always given, and its bytes are not counted: connections are bounded too."""


class Answers:
    """`bytes` is the size of all large answers from when they are begun until their clients have taken them."""

    def __init__(self, most_bytes: int) -> None:
        self.bytes = 0
        self.most_bytes = most_bytes

    @contextlib.contextmanager
    def room(self) -> Iterator[Room]:
        """Room for one answer, given back at the end."""
        room = Room(self)
        try:
            yield room
        finally:
            self.bytes -= room.size


class Room:
    """What one answer may take: nothing worth counting, until `extend` asks for more."""

    def __init__(self, answers: Answers) -> None:
        self.size = 0
        self._answers = answers

    def extend(self, size: int) -> None:
        """Make it room for so many bytes, unless it is already. Raises WireError (503) where there is too little.

        An answer that is the only large one has room whatever its size.
        """
        if size <= max(self.size, SMALL_BYTES):
            return
        others = self._answers.bytes - self.size
        if others and others + size > self._answers.most_bytes:
            raise WireError(503, BUSY)
        self._answers.bytes = others + size
        self.size = size
