"""Sheets of XLSB whose cells stand far apart, moved together before a table is made of all that lies between.

Looks at the records of a sheet: a kind, a length, then the bytes of it. Row and column have places of fixed length.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.office.sheets.workbook import SheetFacts, moved

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["closed_up_binary", "records"]

_ROW: Final = 0
_BLANK: Final = 1
_CELLS: Final = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 62})
_DIMENSION: Final = 148
_NUMBER: Final = struct.Struct("<I")
_BOUNDS: Final = struct.Struct("<4I")


def closed_up_binary(content: bytes) -> tuple[bytes, dict[int, int]] | None:
    """The sheet with its cells moved together and where its rows stood; None where they stand close enough."""
    rows: set[int] = set()
    columns: set[int] = set()
    row = cells = 0
    for kind, at, length in records(content):
        if kind == _ROW and length >= 4:
            (row,) = _NUMBER.unpack_from(content, at)
        elif kind in _CELLS and length >= 4:
            rows.add(row)
            columns.add(_NUMBER.unpack_from(content, at)[0])
            cells += 1
    if not cells:
        return None
    facts = SheetFacts(cells=cells, rows=(min(rows), max(rows)), columns=(min(columns), max(columns)))
    if not facts.is_sparse:
        return None
    places = moved(rows)
    return _moved_together(content, places, moved(columns)), {new: old for old, new in places}


def _moved_together(content: bytes, rows: list[tuple[int, int]], columns: list[tuple[int, int]]) -> bytes:
    changed = bytearray(content)
    for kind, at, length in records(content):
        if kind == _DIMENSION and length >= _BOUNDS.size:
            _BOUNDS.pack_into(changed, at, 0, rows[-1][1], 0, columns[-1][1])
        elif (kind in {_ROW, _BLANK} or kind in _CELLS) and length >= 4:
            places = rows if kind == _ROW else columns
            (old,) = _NUMBER.unpack_from(content, at)
            _NUMBER.pack_into(changed, at, places[min(bisect_left(places, (old, -1)), len(places) - 1)][1])
    return bytes(changed)


def records(content: bytes) -> Iterator[tuple[int, int, int]]:
    """The kind of each record, where its bytes begin, and how many there are. What is cut off is left out."""
    at, end = 0, len(content)
    while at < end:
        kind = content[at]
        at += 1
        if kind & 0x80:
            if at >= end:
                return
            kind = kind & 0x7F | (content[at] & 0x7F) << 7
            at += 1
        length = shift = 0
        while at < end and shift < 28:
            byte = content[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if at + length > end:
            return
        yield kind, at, length
        at += length
