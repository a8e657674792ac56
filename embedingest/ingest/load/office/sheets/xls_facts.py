"""What a workbook of Excel 5 to 2003 (XLS) says of its cells beside their values: formats, errors, what is hidden.

Looks at the records of its stream: a kind, a length of two bytes, then the bytes of it. Values are calamine's to read.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.compound import Compound
from embedingest.ingest.load.common.labels import codec_of_codepage
from embedingest.ingest.load.office.sheets.binary_cells import CellFacts
from embedingest.ingest.load.office.sheets.workbook import codes_of
from embedingest.ingest.load.office.sheets.xls_asides import xls_asides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.load.office.sheets.asides import Asides
    from embedingest.ingest.load.office.sheets.workbook import SheetFacts

__all__ = ["xls_facts"]

_STREAMS: Final = ("Workbook", "Book")
_BEGIN, _END, _SHEET, _FORMAT, _STYLE, _CODEPAGE = 0x809, 0x0A, 0x85, 0x41E, 0xE0, 0x42
_PASSWORD: Final = 0x2F
_ROW, _COLUMNS, _NUMBER, _RK, _RKS, _FORMULA, _TRUTH = 0x208, 0x7D, 0x203, 0x27E, 0xBD, 0x06, 0x205
_WORDS: Final = frozenset({0xFD, 0x204, 0xD6})
_NOT_A_NUMBER: Final = b"\xff\xff"
_NOTHING: Final = 3
_CELL: Final = struct.Struct("<3H")
_PAIR: Final = struct.Struct("<2H")
_LONG: Final = struct.Struct("<I")


class _Book(NamedTuple):
    """Name and place in the stream of each sheet; numbers of the formats of styles, and codes of formats."""

    sheets: list[tuple[str, int]]
    styles: list[int]
    formats: dict[int, str]


def xls_facts(data: bytes, name: str) -> dict[str, tuple[SheetFacts, Asides]]:
    """Of cells and of what stands beside them, by the names of the sheets.

    Raises DocumentError: `encrypted`, and `corrupt` for what is no compound file or has no workbook.
    """
    compound = Compound(data, name)
    stream = next((compound.read(each) for each in _STREAMS if compound.has(each)), None)
    if stream is None:
        raise DocumentError(f"{name} holds no workbook", source=name, code="corrupt")
    book = _book(stream)
    if book is None:
        raise DocumentError(f"{name} is encrypted", source=name, code="encrypted", remedy="save it unprotected")
    codes = codes_of(book.styles, book.formats)
    places = sorted({place for _, place in book.sheets})
    # No sheet goes on where another begins: else some thousand sheets of one small file could be all of it each.
    found = {place: _sheet(stream, place, end, codes) for place, end in pairwise([*places, len(stream)])}
    if not any(cells.formulas[True] for cells, _ in found.values()):
        # One formula may well give nothing; where all do, what wrote the file has calculated none.
        for cells, _ in found.values():
            cells.facts.without_value = cells.formulas[False]
    return {sheet: (found[place][0].facts, found[place][1]) for sheet, place in book.sheets}


def _book(stream: bytes) -> _Book | None:
    """`None` for one with a password."""
    book = _Book([], [], {})
    wide, codec = True, "cp1252"
    for kind, at, length in _records(stream, 0, len(stream)):
        body = stream[at : at + length]
        if kind == _PASSWORD:
            return None
        if kind == _BEGIN and length >= 2:
            wide = body[:2] == b"\0\x06"
        elif kind == _CODEPAGE and length >= 2:
            codec = codec_of_codepage(int.from_bytes(body[:2], "little")) or codec
        elif kind == _SHEET and length >= 8:
            book.sheets.append((_words(body[6:], 1, codec, wide=wide), _LONG.unpack_from(body)[0]))
        elif kind == _STYLE and length >= 4:
            book.styles.append(_PAIR.unpack_from(body)[1])
        elif kind == _FORMAT and length >= 4:
            code = _words(body[2:], 2 if wide else 1, codec, wide=wide)
            book.formats[int.from_bytes(body[:2], "little")] = code
    return book


def _words(body: bytes, size: int, codec: str, *, wide: bool) -> str:
    """A string behind its length of `size` bytes; `wide` ones say whether their characters have one byte or two."""
    count = int.from_bytes(body[:size], "little")
    if not wide:
        return body[size : size + count].decode(codec, "replace")
    two = body[size : size + 1] == b"\x01"
    start = size + 1
    return body[start : start + count * (2 if two else 1)].decode("utf-16-le" if two else "latin-1", "replace")


def _sheet(stream: bytes, place: int, stop: int, codes: dict[int, str]) -> tuple[CellFacts, Asides]:
    cells = CellFacts(codes)
    others: list[tuple[int, int, int]] = []
    for kind, at, length in _records(stream, place, stop):
        if kind in _WORDS and length >= 6:
            cells.text(*_CELL.unpack_from(stream, at))
        elif kind in {_NUMBER, _RK} and length >= 6:
            cells.number(*_CELL.unpack_from(stream, at))
        elif kind == _RKS and length >= 6:
            row, first = _PAIR.unpack_from(stream, at)
            for number in range((length - 6) // 6):
                cells.number(
                    row, first + number, int.from_bytes(stream[at + 4 + 6 * number : at + 6 + 6 * number], "little")
                )
        elif kind == _FORMULA and length >= 14:
            _formula(cells, _CELL.unpack_from(stream, at), stream[at + 6 : at + 14])
        elif kind == _TRUTH and length >= 8:
            row, column, _ = _CELL.unpack_from(stream, at)
            cells.error(row, column, stream[at + 6]) if stream[at + 7] else cells.filled(row, column)
        elif kind == _ROW and length >= 16 and stream[at + 12] & 0x20:
            cells.hidden_row(_PAIR.unpack_from(stream, at)[0])
        elif kind == _COLUMNS and length >= 10 and stream[at + 8] & 1:
            cells.hidden_columns(*_PAIR.unpack_from(stream, at))
        else:
            others.append((kind, at, length))
    cells.finish()
    return cells, xls_asides(stream, others)


def _formula(cells: CellFacts, cell: tuple[int, int, int], value: bytes) -> None:
    """By row, column, style; the value is a number, or marked as text (0), truth (1), error (2), nothing (3)."""
    row, column, style = cell
    cells.formulas[value[6:] != _NOT_A_NUMBER or value[0] != _NOTHING] += 1
    if value[6:] != _NOT_A_NUMBER:
        cells.number(row, column, style)
    elif value[0] == 2:
        cells.error(row, column, value[2])
    elif value[0] == 0:
        cells.text(row, column, style)
    else:
        cells.filled(row, column)


def _records(stream: bytes, at: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and length of each record until the part that begins here ends; charts within it are left out.

    None that reaches beyond `stop` is one.
    """
    depth, stop = 0, min(stop, len(stream))  # a part may be said to begin where the file has ended
    while at + _PAIR.size <= stop:
        kind, length = _PAIR.unpack_from(stream, at)
        at += _PAIR.size
        if at + length > stop:
            return
        depth += (kind == _BEGIN) - (kind == _END)
        if depth <= 1:
            yield kind, at, length
        if depth <= 0:
            return
        at += length
