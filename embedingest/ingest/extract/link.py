"""Whole messages between a worker and its parent, over a socket. Knows nothing of what they say.

Many small ones are read at once: each call of the system lets another thread go first, and to wait for one's turn costs
more than a message.
"""

from __future__ import annotations

import os
import socket
import struct
from multiprocessing.connection import wait
from typing import Final

__all__ = ["Link", "pair"]

_HEAD: Final = struct.Struct("!Q")
_READ_BYTES: Final = 256 * 1024
_ROOM_BYTES: Final = 256 * 1024  # where a system has room for less, results of many small files would wait


class Link:
    """One end of a link. Both methods raise OSError or EOFError where there is nobody at the other end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()
        self._at = 0

    def fileno(self) -> int:
        return self._descriptor

    def send(self, data: bytes) -> None:
        """Send a message. Waits while the other end does not read, and there is no room."""
        head = _HEAD.pack(len(data))
        for piece in (head + data,) if len(data) < _READ_BYTES else (head, data):
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def receive(self) -> bytearray:
        """The next message. Waits for it."""
        self._fill(_HEAD.size)
        (size,) = _HEAD.unpack_from(self._buffer, self._at)
        self._at += _HEAD.size
        self._fill(size)
        message = self._buffer[self._at : self._at + size]
        self._at += size
        return message

    def ready(self) -> bool:
        """Whether there is something to receive, of which some may be on its way, or the other end is closed."""
        return self._at < len(self._buffer) or bool(wait([self._descriptor], 0))

    def close(self) -> None:
        os.close(self._descriptor)

    def _fill(self, size: int) -> None:
        """Wait until so many bytes are there."""
        if len(self._buffer) - self._at >= size:
            return
        del self._buffer[: self._at]
        self._at = 0
        while len(self._buffer) < size:
            data = os.read(self._descriptor, _READ_BYTES)
            if not data:
                raise EOFError
            self._buffer += data


def pair() -> tuple[Link, Link]:
    """The two ends of a link."""
    ends = socket.socketpair()
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM_BYTES)
    return Link(ends[0].detach()), Link(ends[1].detach())
