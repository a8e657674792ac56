"""Lines that PDFium parted behind a letter that stands raised or lowered (a note's number, H₂O), put together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.pages.page import Box, Line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["whole_lines"]

_SAME_ROW: Final = 0.3
"""What share of the lower one's height two parts of a line have in common."""

_BLANK: Final = 0.2
"""How wide a blank is at least, in heights; and where a height is reached, another column begins."""


def whole_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines, those as one that go on beside the one before, no further than a blank or two away."""
    whole: list[Line] = []
    for line in lines:
        if whole and not whole[-1].hyphen and _goes_on(whole[-1], line):
            whole[-1] = _joined(whole[-1], line)
        else:
            whole.append(line)
    return whole


def _goes_on(line: Line, other: Line) -> bool:
    here, there = line.box, other.box
    shared = min(here.top, there.top) - max(here.bottom, there.bottom)
    heights = here.top - here.bottom, there.top - there.bottom
    if line.quarters or other.quarters or shared <= _SAME_ROW * min(heights):
        return False
    return -_SAME_ROW * max(heights) < there.left - here.right < max(heights)


def _joined(line: Line, other: Line) -> Line:
    here, there = line.box, other.box
    height = max(here.top - here.bottom, there.top - there.bottom)
    blank = " " if there.left - here.right > _BLANK * height else ""
    shift = len(line.text) + len(blank)
    box = Box(here.left, min(here.bottom, there.bottom), max(here.right, there.right), max(here.top, there.top))
    words = tuple(word._replace(start=word.start + shift, end=word.end + shift) for word in other.words)
    return line._replace(
        text=line.text + blank + other.text,
        box=box,
        gap=line.gap or other.gap,
        hyphen=other.hyphen,
        words=(*line.words, *words) if line.words and words else (),
    )
