"""What Outlook packs into a mail for itself (TNEF, winmail.dat): properties and attachments one after the other."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.letters.mapi import BINARY, OBJECT, TEXT, WIDE, Item

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "read_tnef"]

MARK: Final = b"\x78\x9f\x3e\x22"
"""What all of it begins with."""

_HEAD: Final = struct.Struct("<BII")
_PAIR: Final = struct.Struct("<2I")
_LONG: Final = struct.Struct("<I")
_SUBJECT, _BODY, _CODEPAGE, _PROPERTIES = 0x18004, 0x2800C, 0x69007, 0x69003
_BEGIN, _DATA, _TITLE, _MORE = 0x69002, 0x6800F, 0x18010, 0x69005
_SIZES: Final = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE: Final = frozenset({TEXT, WIDE, OBJECT, BINARY})
_INNER: Final = 0x3701
_CUT: Final = (struct.error, IndexError)
_DEEPEST: Final = 4


def read_tnef(data: bytes, name: str, depth: int = 0) -> Item:
    """What there is, as far as it goes. Raises DocumentError (`corrupt`) for what begins otherwise."""
    if not data.startswith(MARK):
        raise DocumentError(f"{name} holds nothing that Outlook packed", source=name, code="corrupt")
    item = Item()
    for kind, body in _attributes(data):
        if kind == _CODEPAGE and len(body) >= 4:
            item.properties[0x3FFD] = (3, body[:4])
        elif kind in {_SUBJECT, _BODY}:
            item.properties.setdefault(0x37 if kind == _SUBJECT else 0x1000, (TEXT, body))
        elif kind == _PROPERTIES:
            _take(item, body)
        elif kind == _BEGIN:
            item.attachments.append(Item(names=item.names))
        elif item.attachments:
            _attached(item.attachments[-1], kind, body)
    item.find_codec()
    for each in item.attachments:
        each.codec = item.codec
        _, packed = each.properties.get(_INNER, (0, b""))
        if packed[16:].startswith(MARK) and depth < _DEEPEST:  # behind the number of its kind
            each.inner = read_tnef(packed[16:], name, depth + 1)
    return item


def _attached(attachment: Item, kind: int, body: bytes) -> None:
    if kind == _DATA:
        attachment.properties[_INNER] = (BINARY, body)
    elif kind == _TITLE:
        attachment.properties.setdefault(0x3704, (TEXT, body))
    elif kind == _MORE:
        _take(attachment, body)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and bytes of each; the last may be cut off."""
    at = len(MARK) + 2
    while at + _HEAD.size <= len(data):
        _, kind, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield kind, data[at : at + length]
        at += length + 2  # a sum over the bytes, which nobody needs


def _take(item: Item, body: bytes) -> None:
    """Properties in their order until one is cut off or of a kind that nobody knows."""
    try:
        (count,) = _LONG.unpack_from(body)
        at = 4
        for _ in range(min(count, len(body) // 8)):
            kind, number = struct.unpack_from("<HH", body, at)
            at += 4
            if number >= 0x8000:
                at = _name(item, body, at, number)
            at = _value(item, body, at, (kind, number))
    except _CUT:
        return


def _name(item: Item, body: bytes, at: int, number: int) -> int:
    """Keep which number a name has here; where the value begins."""
    by_words, length = _PAIR.unpack_from(body, at + 16)
    at += 24
    if by_words:
        return int(at + -(-length // 4) * 4)
    item.names.setdefault(length, number)
    return at


def _value(item: Item, body: bytes, at: int, key: tuple[int, int]) -> int:
    """Keep the first value of a property; where the next property begins."""
    kind, number = key
    values = 1
    if kind & 0x1000 or kind in _VARIABLE:
        (values,) = _LONG.unpack_from(body, at)
        at += 4
    plain = kind & ~0x1000
    for place in range(values):
        if plain in _VARIABLE:
            (length,) = _LONG.unpack_from(body, at)
            at += 4
        else:
            length = _SIZES[plain] if plain in _SIZES else len(body)
        if at >= len(body) and length:
            raise IndexError
        if not place:
            item.properties[number] = (plain, body[at : at + length])
        at += -(-length // 4) * 4
    return at
