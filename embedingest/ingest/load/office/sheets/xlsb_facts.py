"""What an XLSB file says of its cells beside their values: formats, errors, what is hidden, names of sheets.

Looks at the records of its parts; values are calamine's to read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.office.sheets.binary_cells import CellFacts
from embedingest.ingest.load.office.sheets.number_format import shown
from embedingest.ingest.load.office.sheets.workbook import cell_name, codes_of
from embedingest.ingest.load.office.sheets.xlsb_sparse import records

if TYPE_CHECKING:
    from embedingest.ingest.load.office.sheets.workbook import SheetFacts

__all__ = ["XlsbStyles", "with_days_as_fractions", "xlsb_comments", "xlsb_facts", "xlsb_sheets", "xlsb_styles"]

_ROW, _COLUMNS, _FORMAT, _STYLE, _STYLES, _STYLES_END, _SHEET = 0, 60, 44, 47, 617, 618, 156
_AUTHOR, _COMMENT, _COMMENT_TEXT = 632, 635, 637
_PACKED, _WHOLE = 2, 2
_MERGED: Final = 176
_MOST_DAYS: Final = 2**19  # has no more bits than the kept half of a fraction
_NUMBERS: Final = frozenset({2, 5, 9})
_ERRORS: Final = frozenset({3, 11})
_TEXTS: Final = frozenset({6, 7, 8, 62})
_OTHERS: Final = frozenset({4, 10})
_LONG: Final = struct.Struct("<I")
_PLACE: Final = struct.Struct("<2I")
_ENDS: Final = struct.Struct("<4I")
_BOUNDS: Final = struct.Struct("<5I")
_HIDDEN_ROW: Final = 0x10


class XlsbStyles(NamedTuple):
    """By the places of cell styles: the codes of those that show numbers and dates otherwise than plainly, and which
    are for something else than numbers.
    """

    codes: dict[int, str]
    others: frozenset[int]


def xlsb_styles(styles: bytes) -> XlsbStyles:
    """What the part with the styles says."""
    own: dict[int, str] = {}
    numbers: list[int] = []
    inside = False
    for kind, at, length in records(styles):
        if kind == _FORMAT and length >= 6:
            own[int.from_bytes(styles[at : at + 2], "little")] = _words(styles[at + 2 : at + length])[0]
        elif kind in {_STYLES, _STYLES_END}:
            inside = kind == _STYLES
        elif kind == _STYLE and inside and length >= 4:
            numbers.append(int.from_bytes(styles[at + 2 : at + 4], "little"))
    codes = codes_of(numbers, own)
    plain = {place for place, code in codes.items() if shown(1.0, code) is not None}
    return XlsbStyles(codes, frozenset(place for place, number in enumerate(numbers) if number and place not in plain))


def with_days_as_fractions(content: bytes, styles: frozenset[int]) -> bytes | None:
    """The sheet with whole numbers of these styles written as numbers that may have a fraction; None where none is.

    Calamine takes no others for dates. Those of both kinds have four bytes.
    """
    changed: bytearray | None = None
    for kind, at, length in records(content):
        if kind == _PACKED and length >= 12 and content[at + 8] & 3 == _WHOLE:
            style, value = _PLACE.unpack_from(content, at + 4)
            if style & 0xFFFFFF in styles and value >> 2 < _MOST_DAYS:
                changed = changed or bytearray(content)
                changed[at + 8 : at + 12] = struct.pack("<d", value >> 2)[4:]
    return None if changed is None else bytes(changed)


def xlsb_facts(content: bytes, codes: dict[int, str]) -> SheetFacts:
    """What is said of the cells of a sheet."""
    cells = CellFacts(codes)
    row = 0
    for kind, at, length in records(content):
        if kind == _ROW and length >= 4:
            (row,) = _LONG.unpack_from(content, at)
            if length >= 12 and content[at + 11] & _HIDDEN_ROW:
                cells.hidden_row(row)
        elif kind == _COLUMNS and length >= 17 and content[at + 16] & 1:
            cells.hidden_columns(*_PLACE.unpack_from(content, at))
        elif kind == _MERGED and length >= _ENDS.size:
            first, last, left, right = _ENDS.unpack_from(content, at)
            cells.facts.merged.append(((first, left), (last, right)))
        elif length < 9:
            continue
        elif kind in _NUMBERS:
            column, style = _PLACE.unpack_from(content, at)
            cells.number(row, column, style & 0xFFFFFF)
        elif kind in _TEXTS:
            column, style = _PLACE.unpack_from(content, at)
            cells.text(row, column, style & 0xFFFFFF)
        elif kind in _ERRORS:
            cells.error(row, _LONG.unpack_from(content, at)[0], content[at + 8])
        elif kind in _OTHERS:
            cells.filled(row, _LONG.unpack_from(content, at)[0])
    return cells.finish()


def xlsb_sheets(workbook: bytes) -> list[tuple[str, str]]:
    """The name of each sheet, and the relation that leads to it."""
    found = []
    for kind, at, length in records(workbook):
        if kind == _SHEET and length >= 16:
            link, rest = _words(workbook[at + 8 : at + length])
            found.append((_words(rest)[0], link))
    return found


def xlsb_comments(content: bytes) -> list[tuple[str, str, str]]:
    """Of the comments on a sheet's cells: the cell, who wrote it, the words."""
    found: list[tuple[str, str, str]] = []
    authors: list[str] = []
    place = ("", "")
    for kind, at, length in records(content):
        if kind == _AUTHOR and length >= 4:
            authors.append(_words(content[at : at + length])[0])
        elif kind == _COMMENT and length >= 20:
            by, row, _, column, _ = _BOUNDS.unpack_from(content, at)
            place = (cell_name(row, column), authors[by] if by < len(authors) else "")
        elif kind == _COMMENT_TEXT and length >= 5:
            found.append((*place, _words(content[at + 1 : at + length])[0]))
    return found


def _words(body: bytes) -> tuple[str, bytes]:
    """A string behind the count of its characters, and what follows it."""
    count = int.from_bytes(body[:4], "little")
    count = 0 if count == 0xFFFFFFFF else count
    return body[4 : 4 + 2 * count].decode("utf-16-le", "replace"), body[4 + 2 * count :]
