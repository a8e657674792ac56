"""What one file may unpack to: containers inside containers share one budget of bytes and of members.

Sizes that a container states are claims; what is counted here is what was read.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_MEMBERS", "MAX_UNPACKED", "Budget", "shared"]

MAX_UNPACKED: Final = 512 * 2**20
"""Bytes that one file may unpack to, all that lies inside it together."""

MAX_MEMBERS: Final = 65_536
"""Parts, members and attachments that one file may hold, at all depths together."""

_DEEPEST: Final = 8


class Budget:
    """What the container `name` may still unpack to, within what is left of the one that it lies in.

    Raises DocumentError: `bomb` where it holds more, `nested` where it lies too deep.
    """

    def __init__(self, name: str, limit: int = MAX_UNPACKED, members: int = MAX_MEMBERS) -> None:
        self.name: Final = name
        self._limit: Final = limit
        self._most_members: Final = members
        self._outer: Final = _open.get()
        self._bytes = limit
        self._members = members
        self._depth: Final[int] = 1 if self._outer is None else self._outer._depth + 1  # noqa: SLF001 -- its own class
        if self._depth > _DEEPEST:
            raise DocumentError(f"{name} holds files within files, {_DEEPEST} deep", source=name, code="nested")

    def take(self, count: int) -> None:
        """So many bytes more were unpacked."""
        self._bytes -= count
        if self._bytes < 0:
            raise DocumentError(
                f"{self.name} unpacks to more than {self._limit // 2**20} MiB",
                source=self.name,
                code="bomb",
                remedy="if it is meant to be that large, unpack it and ingest the folder",
            )
        if self._outer is not None:
            self._outer.take(count)

    def count(self, members: int = 1) -> None:
        """So many members more were found."""
        self._members -= members
        if self._members < 0:
            raise DocumentError(
                f"{self.name} holds more than {self._most_members:,} parts, itself and what lies in it together",
                source=self.name,
                code="bomb",
                remedy="if it is meant to hold so many, unpack it and ingest the folder",
            )
        if self._outer is not None:
            self._outer.count(members)


_open: ContextVar[Budget | None] = ContextVar("open budget", default=None)


@contextlib.contextmanager
def shared(name: str, limit: int = MAX_UNPACKED, members: int = MAX_MEMBERS) -> Iterator[Budget]:
    """A budget that everything which is unpacked meanwhile draws on too."""
    budget = Budget(name, limit, members)
    token = _open.set(budget)
    try:
        yield budget
        budget.take(0)  # one that a member overdrew, whose failure was but counted
        budget.count(0)
    finally:
        _open.reset(token)
