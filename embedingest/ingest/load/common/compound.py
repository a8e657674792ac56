"""Compound files (OLE 2): streams in folders in one file, as Office 97-2003 and Outlook write them.

Knows sectors and names, and nothing of what a stream holds. What a file says of its own sizes is a claim: no chain of
sectors is longer than the file, and all that is read together draws on the budget of the containers around it.
"""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "Compound"]

MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What every compound file begins with."""

_HEAD: Final = struct.Struct("<30x2H14xI4x2I4x2I")
_ENTRY: Final = struct.Struct("<64sHBB3I36xII4x")
_NUMBERS: Final = struct.Struct("<109I")
_FIRST: Final = 76  # where the places of the table of sectors begin
_LAST: Final = 0xFFFFFFFA  # from here on a number is no sector
_NONE: Final = 0xFFFFFFFF
_FOLDERS: Final = frozenset({1, 5})
_MOST_ENTRIES: Final = 65_536


class _Entry(NamedTuple):
    """A stream or folder: the sector that it begins at, and its length in bytes."""

    kind: int
    start: int
    size: int


class Compound:
    """The streams of a file by their paths, such as `folder/stream`, whatever the case of their names.

    Raises DocumentError: `corrupt`, and `bomb` where streams that lie over each other are larger than the budget.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._budget = Budget(name)
        if not data.startswith(MARK) or len(data) < _FIRST + _NUMBERS.size:
            raise self._damaged("it has no head")
        shift, small, folder, self._least, tiny, more, count = _HEAD.unpack_from(data)
        if not (7 <= shift <= 16 and 2 <= small < shift):
            raise self._damaged("its sectors have no size")
        self._size, self._small = 1 << shift, 1 << small
        self._next = self._table(more, count)
        self._entries: dict[str, _Entry] = {}
        self._spelled: dict[str, str] = {}
        self._list(self._chain(folder))
        self._small_next = array("I", _whole(self._chain(tiny)))
        root = self._entries.get("", _Entry(5, _NONE, 0))
        self._small_data = self._chain(root.start, root.size)

    @property
    def paths(self) -> list[str]:
        """Every stream, in the order of the folders."""
        return [self._spelled[key] for key, entry in self._entries.items() if entry.kind not in _FOLDERS]

    def has(self, path: str) -> bool:
        entry = self._entries.get(path.lower())
        return entry is not None and entry.kind not in _FOLDERS

    def read(self, path: str) -> bytes:
        """The bytes of a stream; fewer than it claims where the file ends too early."""
        entry = self._entries.get(path.lower())
        if entry is None or entry.kind in _FOLDERS:
            raise self._damaged(f"it has no {path}")
        self._budget.take(min(entry.size, len(self._data)))
        if entry.size >= self._least:
            return self._chain(entry.start, entry.size)
        pieces = (self._small_data[at * self._small : (at + 1) * self._small] for at in self._small_places(entry))
        return b"".join(pieces)[: entry.size]

    def _table(self, more: int, count: int) -> array[int]:
        """Which sector follows each: the table lies in sectors of its own, whose places fill the head and go on."""
        places = list(_NUMBERS.unpack_from(self._data, _FIRST))
        seen: set[int] = set()
        while more < _LAST and more not in seen and len(seen) < count:
            seen.add(more)
            listed = array("I", _whole(self._sector(more)))
            more = listed[-1] if listed else _NONE
            places += listed[:-1]
        distinct = dict.fromkeys(place for place in places if place < _LAST)
        return array("I", _whole(b"".join(self._sector(place) for place in distinct)))

    def _sector(self, number: int) -> bytes:
        begin = (number + 1) * self._size
        return self._data[begin : begin + self._size]

    def _chain(self, start: int, size: int | None = None) -> bytes:
        """The bytes of the sectors from one on, at most `size`; no more sectors are looked at than these take."""
        most = len(self._data) // self._size + 1
        wanted = most if size is None else min(most, -(-size // self._size))
        places: list[int] = []
        while start < len(self._next) and len(places) < wanted:
            places.append(start)
            start = self._next[start]
        if len({*places}) < len(places):
            raise self._damaged("its sectors lead in a circle")
        return b"".join(map(self._sector, places))[:size]

    def _small_places(self, entry: _Entry) -> Iterator[int]:
        at = entry.start
        for _ in range(min(-(-entry.size // self._small), len(self._small_next))):
            if at >= len(self._small_next):
                return
            yield at
            at = self._small_next[at]

    def _list(self, folder: bytes) -> None:
        """The entries by their paths: those of a folder are a tree, in their order from the left."""
        count = min(len(folder) // _ENTRY.size, _MOST_ENTRIES)
        listed = [_ENTRY.unpack_from(folder, at * _ENTRY.size) for at in range(count)]
        if not listed or listed[0][2] != 5:
            raise self._damaged("it has no root")
        self._entries[""] = _Entry(5, *listed[0][7:])
        seen = {0}
        stack = [(listed[0][6], "", False)]
        while stack:
            number, parent, is_left_done = stack.pop()
            if number >= count or (not is_left_done and number in seen):
                continue
            raw, length, kind, _, left, right, below, start, size = listed[number]
            if not is_left_done:
                seen.add(number)
                stack += [(number, parent, True), (left, parent, False)]
                continue
            path = parent + raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            self._entries.setdefault(path.lower(), _Entry(kind, start, size))
            self._spelled.setdefault(path.lower(), path)
            stack.append((right, parent, False))
            if kind == 1 and path.count("/") < 32:
                stack.append((below, path + "/", False))

    def _damaged(self, why: str) -> DocumentError:
        return DocumentError(f"{self._name} is damaged: {why}", source=self._name, code="corrupt")


def _whole(data: bytes) -> bytes:
    """Without what is left of a number that is cut off."""
    return data[: len(data) // 4 * 4]
