"""A page's text as lines, and the boxes of a line's parts as one. Pure."""

from __future__ import annotations

import re
from typing import Final

from embedingest.ingest.load.pages.page import GAP

__all__ = ["around", "broken"]

_Sides = tuple[float, float, float, float]

_LINE: Final = re.compile(r"([^\r\n\ufffe\x02]+)([\ufffe\x02]?)")
_SIGNS: Final = ("\x02", "\ufffe")
_LOOSE: Final = 0.6
_RAISED: Final = 0.3
_LOWERED: Final = 0.4
"""How far parts of a line end from its bottom or its top, in its height, where a number may be raised or lowered."""


def broken(text: str) -> list[tuple[int, str, bool]]:
    """Where each line begins, its text, and whether it ends in a hyphen that only the end of the line brought."""
    pieces, ends = text.split("\r\n"), 2
    if not text.count("\r") == text.count("\n") == len(pieces) - 1:
        pieces, ends = (text.replace("\r", "\n") if text.count("\r") != len(pieces) - 1 else text).split("\n"), 1
    signs = [sign for sign in _SIGNS if sign in text]
    found: list[tuple[int, str, bool]] = []
    first = 0
    for piece in pieces:  # a third of the time that an expression takes
        if signs and (signs[0] in piece or signs[-1] in piece):
            parts = [(first + part.start(), part[1], part[2] != "") for part in _LINE.finditer(piece)]
            there = [(at + len(part) - len(part.lstrip()), part.strip(), hyphen) for at, part, hyphen in parts]
            found += [line for line in there if line[1]]
        elif line := piece.strip():
            found.append((first + piece.index(line[0]), line, False))
        first += len(piece) + ends
    return found


def around(boxes: list[_Sides]) -> tuple[_Sides, bool, bool, bool]:
    """The box around several of one line; whether two neighbours stand apart, and whether by more than a blank or two;
    whether one may be a raised digit.
    """
    left, bottom, end, top = boxes[0]
    right, widest, back = end, 0.0, 0.0
    above, below = bottom, top
    few = end - left <= top - bottom  # a bullet, a list's number
    for x0, y0, x1, y1 in boxes[1:]:
        step = x0 - end
        if step < back:
            back = step
        elif step > widest and not few:
            widest = step
        if y0 > above:
            above = y0
        elif y0 < bottom:
            bottom = y0
        if y1 < below:
            below = y1
        elif y1 > top:
            top = y1
        if x0 < left:
            left = x0
        if x1 > right:
            right = x1
        end, few = x1, False
    height = top - bottom
    uneven = above - bottom > _RAISED * height or top - below > _LOWERED * height
    apart = back < -height
    return (left, bottom, right, top), apart or widest > _LOOSE * height, apart or widest > GAP * height, uneven
