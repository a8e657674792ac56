"""Calls of PDFium that are made for each line, word and drawn thing of a page, without what ctypes adds to them.

Where a function's types are declared, ctypes checks each argument of each call, which takes longer than PDFium does.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Final, NamedTuple

__all__ = ["Calls", "calls", "handle", "room"]

_LEAST_ROOM: Final = 8192


class Calls(NamedTuple):
    """Functions whose arguments nobody checks: handles as `handle` makes them, places by `byref`, whole numbers."""

    count_rectangles: Any
    rectangle: Any
    loose_box: Any
    number: Any
    drawn: Any
    kind: Any


@cache
def calls(raw: Any) -> Calls:
    """The functions of this library."""
    return Calls(
        count_rectangles=_bare(raw.FPDFText_CountRects),
        rectangle=_bare(raw.FPDFText_GetRect),
        loose_box=_bare(raw.FPDFText_GetLooseCharBox),
        number=_bare(raw.FPDFText_GetCharIndexFromTextIndex),
        drawn=_bare(raw.FPDFPage_GetObject, _Handle),
        kind=_bare(raw.FPDFPageObj_GetType),
    )


class _Handle(ctypes.c_void_p):
    """A pointer that stays one when it is handed on; a plain one becomes a number, and loses its upper half."""


def handle(pointer: Any) -> ctypes.c_void_p:
    """A pointer of PDFium as the functions take it."""
    return ctypes.cast(pointer, _Handle)


def room(count: int) -> Any:
    """Room for so many numbers of 16 bits, or more. Sizes are few, since each is a type of its own that takes long."""
    return _rooms(max(_LEAST_ROOM, 1 << (count - 1).bit_length()))()


@cache
def _rooms(size: int) -> Any:
    return ctypes.c_ushort * size


def _bare(function: Any, answer: Any = ctypes.c_int) -> Any:
    """The function without its declared types, called as its library wants to be called."""
    bare = type(function)(ctypes.cast(function, ctypes.c_void_p).value)
    bare.restype = answer
    return bare
