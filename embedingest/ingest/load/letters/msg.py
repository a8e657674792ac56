"""Messages that Outlook saves (MSG): a compound file with a stream a property. Knows where what stands."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.compound import Compound
from embedingest.ingest.load.letters.mapi import Item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["read_msg"]

_STREAM: Final = re.compile(r"__substg1\.0_([0-9a-f]{4})([0-9a-f]{4})\Z", re.IGNORECASE)
_FIXED: Final = "__properties_version1.0"
_NAMED: Final = "__nameid_version1.0/__substg1.0_00030102"
_INNER: Final = "__substg1.0_3701000D"
_PROPERTY: Final = struct.Struct("<HHI8s")
_NAME: Final = struct.Struct("<IHH")
_ROOT, _WITHIN, _PART = 32, 24, 8  # how many bytes stand before the properties of a fixed length
_VARIABLE: Final = frozenset({0x0D, 0x1E, 0x1F, 0x102})
_DEEPEST: Final = 8


def read_msg(data: bytes, name: str) -> Item:
    """Raises DocumentError (`corrupt`) for what is damaged or holds no message."""
    compound = Compound(data, name)
    if not compound.has(_FIXED):
        raise DocumentError(f"{name} holds no message of Outlook", source=name, code="corrupt")
    folders: dict[str, dict[str, None]] = {}
    for path in compound.paths:
        parent, _, _ = path.rpartition("/")
        folders.setdefault(parent, {})[path] = None
        while parent:
            above, _, _ = parent.rpartition("/")
            if parent in folders.setdefault(above, {}):
                break
            folders[above][parent] = None
            parent = above
    names = _names(compound.read(_NAMED)) if compound.has(_NAMED) else {}
    return _Reader(compound, folders, names).item("", _ROOT, 0)


class _Reader:
    """Reads the folders of a file; `folders` are what lies in each, by their paths."""

    def __init__(self, compound: Compound, folders: Mapping[str, Mapping[str, None]], names: dict[int, int]) -> None:
        self._compound = compound
        self._folders = folders
        self._names = names

    def item(self, folder: str, head: int, depth: int, codec: str = "cp1252") -> Item:
        item = Item(names=self._names)
        below: Sequence[str] = list(self._folders.get(folder, ()))
        for path in below:
            base = path.rpartition("/")[2]
            match = _STREAM.match(base)
            if base.lower() == _FIXED:
                self._fixed(item, self._compound.read(path)[head:])
            elif match is not None and path not in self._folders:
                item.properties[int(match[1], 16)] = (int(match[2], 16), self._compound.read(path))
        item.find_codec(codec)
        for path in below if depth < _DEEPEST else ():
            base = path.rpartition("/")[2].lower()
            if base.startswith("__attach_version1.0"):
                item.attachments.append(self.item(path, _PART, depth + 1, item.codec))
            elif base.startswith("__recip_version1.0"):
                item.recipients.append(self.item(path, _PART, depth + 1, item.codec))
            elif base == _INNER.lower() and self._compound.has(f"{path}/{_FIXED}"):
                item.inner = self.item(path, _WITHIN, depth + 1, item.codec)
        return item

    @staticmethod
    def _fixed(item: Item, listed: bytes) -> None:
        for kind, number, _, value in _PROPERTY.iter_unpack(listed[: len(listed) // _PROPERTY.size * _PROPERTY.size]):
            if kind not in _VARIABLE:
                item.properties.setdefault(number, (kind, value))


def _names(listed: bytes) -> dict[int, int]:
    """Which number a property that is known by a number of its own set has here."""
    found: dict[int, int] = {}
    for number, kind, place in _NAME.iter_unpack(listed[: len(listed) // _NAME.size * _NAME.size]):
        if not kind & 1:
            found.setdefault(number, 0x8000 + place)
    return found
