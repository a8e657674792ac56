"""What stands beside the cells of a sheet of XLS: words of shapes, comments. Looks at records."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.office.sheets.asides import Asides, remarks
from embedingest.ingest.load.office.sheets.workbook import cell_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["xls_asides"]

_SHAPE, _WORDS, _MORE, _NOTE = 0x5D, 0x1B6, 0x3C, 0x1C
_COMMENT: Final = 0x19  # the kind of shape that a comment is
_HEAD: Final = struct.Struct("<4H")


def xls_asides(stream: bytes, records: Iterable[tuple[int, int, int]]) -> Asides:
    """By the records (kind, place, length) of one sheet: a shape, its words behind it; a note names its shape."""
    said: list[str] = []
    comments: dict[int, str] = {}
    notes: list[tuple[str, str, int]] = []
    shape = number = left = 0
    for kind, at, length in records:
        if kind == _MORE and left > 0:
            words = _characters(stream[at : at + length], left)
            left -= len(words)
            if shape == _COMMENT:
                comments[number] = comments.get(number, "") + words
            else:
                said[-1] += words
            continue
        left = 0
        if kind == _SHAPE and length >= _HEAD.size:
            _, _, shape, number = _HEAD.unpack_from(stream, at)
        elif kind == _WORDS and length >= 12:
            left = int.from_bytes(stream[at + 10 : at + 12], "little")
            said.append("")
        elif kind == _NOTE and length >= 11:
            row, column, _, its_shape = _HEAD.unpack_from(stream, at)
            by = _characters(stream[at + 10 : at + length], int.from_bytes(stream[at + 8 : at + 10], "little"))
            notes.append((cell_name(row, column), by, its_shape))
    words_ = [each for each in said if each.strip()]
    return Asides(words_, list(remarks((cell, by, comments.get(number, "")) for cell, by, number in notes)))


def _characters(body: bytes, count: int) -> str:
    """At most so many, behind a byte that says whether each has one byte or two."""
    if body[:1] == b"\x01":
        return body[1 : 1 + 2 * count].decode("utf-16-le", "replace")
    return body[1 : 1 + count].decode("latin-1")
