"""Calls of PDFium that are made for each line, word and drawn thing of a page, without what ctypes adds to them.

Where a function's types are declared, ctypes checks each argument of each call, which takes longer than PDFium does.
"""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Calls", "calls", "character_boxes", "handle", "matrices", "object_boxes", "points", "rectangles", "room"]

_LEAST_ROOM: Final = 8192
_SLOTS: Final = 512
"""Boxes that PDFium writes before they are fetched, all at once."""

_Sides = tuple[float, float, float, float]  # left, bottom, right, top


class Calls(NamedTuple):
    """Functions whose arguments nobody checks: handles as `handle` makes them, places by `byref`, whole numbers."""

    rotation: Any
    view: Any
    width: Any
    height: Any
    count_drawn: Any
    count_characters: Any
    text: Any
    count_rectangles: Any
    rectangle: Any
    loose_box: Any
    number: Any
    unit: Any
    font: Any
    angle: Any
    origin: Any
    size: Any
    plane: Any
    drawn: Any
    bounds: Any
    segments: Any
    segment: Any
    segment_kind: Any
    point: Any
    matrix: Any
    count_annotations: Any
    next_link: Any
    below: Any
    behind: Any
    title: Any
    target: Any
    target_page: Any


@cache
def calls(raw: Any) -> Calls:
    """The functions of this library."""
    return Calls(
        rotation=_bare(raw.FPDFPage_GetRotation),
        view=_bare(raw.FPDF_GetPageBoundingBox),
        width=_bare(raw.FPDF_GetPageWidthF, ctypes.c_float),
        height=_bare(raw.FPDF_GetPageHeightF, ctypes.c_float),
        count_drawn=_bare(raw.FPDFPage_CountObjects),
        count_characters=_bare(raw.FPDFText_CountChars),
        text=_bare(raw.FPDFText_GetText),
        count_rectangles=_bare(raw.FPDFText_CountRects),
        rectangle=_bare(raw.FPDFText_GetRect),
        loose_box=_bare(raw.FPDFText_GetLooseCharBox),
        number=_bare(raw.FPDFText_GetCharIndexFromTextIndex),
        unit=_bare(raw.FPDFText_GetUnicode, ctypes.c_uint),
        font=_bare(raw.FPDFText_GetFontInfo, ctypes.c_ulong),
        angle=_bare(raw.FPDFText_GetCharAngle, ctypes.c_float),
        origin=_bare(raw.FPDFText_GetCharOrigin),
        size=_bare(raw.FPDFText_GetFontSize, ctypes.c_double),
        plane=_bare(raw.FPDFText_GetMatrix),
        drawn=_bare(raw.FPDFPage_GetObject, _Handle),
        bounds=_bare(raw.FPDFPageObj_GetBounds),
        segments=_bare(raw.FPDFPath_CountSegments),
        segment=_bare(raw.FPDFPath_GetPathSegment, _Handle),
        segment_kind=_bare(raw.FPDFPathSegment_GetType),
        point=_bare(raw.FPDFPathSegment_GetPoint),
        matrix=_bare(raw.FPDFPageObj_GetMatrix),
        count_annotations=_bare(raw.FPDFPage_GetAnnotCount),
        next_link=_bare(raw.FPDFLink_Enumerate),
        below=_bare(raw.FPDFBookmark_GetFirstChild, _Handle),
        behind=_bare(raw.FPDFBookmark_GetNextSibling, _Handle),
        title=_bare(raw.FPDFBookmark_GetTitle, ctypes.c_ulong),
        target=_bare(raw.FPDFBookmark_GetDest, _Handle),
        target_page=_bare(raw.FPDFDest_GetDestPageIndex),
    )


class _Handle(ctypes.c_void_p):
    """A pointer that stays one when it is handed on; a plain one becomes a number, and loses its upper half."""


def handle(pointer: Any) -> Any:
    """A pointer of PDFium as the functions take it: a reference, of which ctypes makes nothing anew for each call."""
    return ctypes.byref(pointer.contents)


def room(count: int) -> Any:
    """Room for so many numbers of 16 bits, or more, until the next is asked for.

    Sizes are few, since each is a type of its own that takes long.
    """
    return _least_room() if count <= _LEAST_ROOM else _rooms(1 << (count - 1).bit_length())()


def rectangles(bare: Calls, page: Any, ranges: Iterable[tuple[int, int]]) -> tuple[list[int], list[_Sides]]:
    """How many rectangles each range of characters has (its first, how many), and all of them, one after the other."""
    count_rectangles, rectangle = bare.count_rectangles, bare.rectangle
    buffer, slots = _boxes().buffer, _boxes().doubles
    counts: list[int] = []
    found: list[_Sides] = []
    at = 0
    for first, length in ranges:
        count = count_rectangles(page, first, length)
        counts.append(count)
        if count == 1 and at < _SLOTS:  # most
            rectangle(page, 0, *slots[at])
            at += 1
            continue
        for index in range(count):
            if at == _SLOTS:
                found += struct.iter_unpack("4d", buffer)
                at = 0
            rectangle(page, index, *slots[at])
            at += 1
    found += struct.iter_unpack("4d", memoryview(buffer)[: at * 32])
    return counts, found


def character_boxes(bare: Calls, page: Any, numbers: list[int]) -> list[_Sides]:
    """The place of each character with the room above and below it that its font wants; nothing where it has none."""
    there, boxes = _filled(bare.loose_box, "4f", _boxes().structures, len(numbers), repeat(page), numbers)
    if 0 not in there:  # nearly always
        return [(left, bottom, right, top) for left, top, right, bottom in boxes]
    return [
        (left, bottom, right, top) if known else (0.0, 0.0, 0.0, 0.0)
        for known, (left, top, right, bottom) in zip(there, boxes, strict=True)
    ]


def object_boxes(bare: Calls, objects: list[Any]) -> list[_Sides | None]:
    """The places of what is drawn, each with the room that its pen wants."""
    there, boxes = _filled(bare.bounds, "4f", _boxes().floats, len(objects), objects)
    return [box if known else None for known, box in zip(there, boxes, strict=True)]


def matrices(bare: Calls, objects: list[Any]) -> list[tuple[float, ...] | None]:
    """What leads from the plane of each thing that is drawn to the page: a, b, c, d, e, f."""
    there, found = _filled(bare.matrix, "6f", _boxes().matrices, len(objects), objects)
    return [matrix if known else None for known, matrix in zip(there, found, strict=True)]


def points(bare: Calls, paths: list[tuple[Any, int]]) -> tuple[list[Any], list[tuple[float, float]]]:
    """The segments of all these paths, of so many each, and where on the plane of its path each ends."""
    owners = chain.from_iterable([repeat(drawn, count) for drawn, count in paths])
    segments = list(map(bare.segment, owners, chain.from_iterable([range(count) for _, count in paths])))
    _, ends = _filled(bare.point, "2f8x", _boxes().floats[:2], len(segments), segments)
    return segments, ends


def _filled(
    call: Any, form: str, slots: Sequence[Sequence[Any]], count: int, *arguments: Iterable[Any]
) -> tuple[list[int], list[Any]]:
    """What a function answers for each of so many arguments, and what it writes then, in this form."""
    size, buffer = struct.calcsize(form), memoryview(_boxes().buffer)
    given = [iter(each) for each in arguments]
    answers: list[int] = []
    found: list[Any] = []
    for start in range(0, count, _SLOTS):
        some = min(count - start, _SLOTS)
        answers += map(call, *[islice(each, some) for each in given], *slots)
        found += struct.iter_unpack(form, buffer[: some * size])
    return answers, found


class _Boxes(NamedTuple):
    """Room for boxes, and where in it PDFium writes them."""

    buffer: Any
    doubles: list[tuple[Any, ...]]
    floats: list[list[Any]]
    structures: list[list[Any]]
    matrices: list[list[Any]]


@cache
def _boxes() -> _Boxes:
    """Doubles for left, top, right and bottom, box by box; floats for left, bottom, right and top, side by side.

    What is written as one stands in a list as well: a structure of four floats, a matrix of six.
    """
    buffer = (ctypes.c_byte * (_SLOTS * 32))()
    floats = [[ctypes.byref(buffer, slot * 16 + side) for slot in range(_SLOTS)] for side in (0, 4, 8, 12)]
    return _Boxes(
        buffer,
        doubles=[tuple(ctypes.byref(buffer, slot * 32 + side) for side in (0, 24, 16, 8)) for slot in range(_SLOTS)],
        floats=floats,
        structures=[floats[0]],
        matrices=[[ctypes.byref(buffer, slot * 24) for slot in range(_SLOTS)]],
    )


@cache
def _least_room() -> Any:
    """What nearly every page needs."""
    return _rooms(_LEAST_ROOM)()


@cache
def _rooms(size: int) -> Any:
    return ctypes.c_ushort * size


def _bare(function: Any, answer: Any = ctypes.c_int) -> Any:
    """The function without its declared types. No other thread runs meanwhile: to let one costs more than the call."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    bare = type(ctypes.pythonapi.Py_IncRef)(address)
    bare.restype = answer
    return bare
