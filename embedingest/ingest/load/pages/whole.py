"""Lines that PDFium parted, put together: behind a letter that stands raised or lowered (a note's number, H₂O),
behind a chapter's large first letter, and behind the mark of an item that was drawn after others. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.pages.page import Box, Line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LONGEST_INITIAL", "is_initial", "touches", "whole_lines", "with_initials", "with_marks"]

_SAME_ROW: Final = 0.3
"""What share of the lower one's height two parts of a line have in common."""

_RAISED_ROW: Final = 0.25
"""The same where the second part begins with a raised number: it stands on the shoulder of a low letter, as in x²."""

_RAISED: Final = frozenset("^⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")

_BLANK: Final = 0.2
"""How wide a blank is at least, in heights; and where a height is reached, another column begins."""

LONGEST_INITIAL: Final = 2
"""Characters of a first letter, with the sign before it."""

_LARGER: Final = 1.6
"""How many times as high as the letters beside it a large first letter is, at least."""

_BESIDE: Final = 1.5
"""How far from it they begin, in their height, at most."""

_BLANKS: Final = 2
"""Blanks in a line of text, at least; what stands beside a sum's sign has fewer."""

_MOST_LETTERS: Final = 50
"""A page with more single letters is a drawing, or a table."""

_MARK: Final = re.compile(r"[•◦▪‣●○■□❑❖➢✓]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,6})[.)]")
_LONGEST_MARK: Final = 8
_BEHIND_MARK: Final = 2.5
"""How far behind its mark an item begins, in its height, at most."""

_MOST_PAIRS: Final = 50_000
"""So many marks are looked at beside lines."""

_WORDS: Final = frozenset("AÀEÈIOÓUY")
"""Letters that are words."""


def with_initials(lines: list[Line]) -> list[Line]:
    """The lines, a large first letter before the line that goes on beside its top, wherever it was drawn."""
    letters = [place for place, line in enumerate(lines) if len(line[0]) <= LONGEST_INITIAL and is_initial(line)]
    if len(letters) > _MOST_LETTERS:
        return lines
    found: dict[int, int] = {}
    for place in letters:
        beside = [other for other, line in enumerate(lines) if _begins_with(lines[place].box, line)]
        if beside:
            found[min(beside, key=lambda other: lines[other].box.left)] = place
    if not found:
        return lines
    large = set(found.values())
    whole = [
        _with_initial(lines[found[place]], line, lines) if place in found else line for place, line in enumerate(lines)
    ]
    return [line for place, line in enumerate(whole) if place not in large]


def is_initial(line: Line) -> bool:
    """Whether a line may be a chapter's large first letter."""
    return len(line[0]) <= LONGEST_INITIAL and line[0][-1].isupper() and not line.quarters


def _begins_with(initial: Box, line: Line) -> bool:
    """Whether a line goes on beside the top of a letter so large."""
    box = line.box
    height = box.top - box.bottom
    return (
        line.text[0].isalpha()
        and not line.quarters
        and initial.top - initial.bottom >= _LARGER * height
        and abs(initial.top - box.top) <= height / 2
        and -_SAME_ROW * height <= box.left - initial.right <= _BESIDE * height
        and line.text.count(" ") >= _BLANKS
    )


def _with_initial(initial: Line, line: Line, lines: list[Line]) -> Line:
    """The line with its first letter, parted from it where both are words of the page."""
    first = line.text.split()[0]
    words = {word.lower() for each in lines if each is not line for word in each.text.split()}
    parted = initial.text[-1] in _WORDS and first.lower() in words and f"{initial.text}{first}".lower() not in words
    whole = _joined(initial, line, " " if parted else "")
    return whole._replace(box=line.box._replace(left=initial.box.left), gap=line.gap)


def with_marks(lines: list[Line]) -> list[Line]:
    """The lines, the mark of an item before the line that goes on beside it, where it was drawn elsewhere."""
    marks = [place for place, line in enumerate(lines) if len(line[0]) <= _LONGEST_MARK and _MARK.fullmatch(line[0])]
    if not 0 < len(marks) * len(lines) <= _MOST_PAIRS:
        return lines
    found: dict[int, int] = {}
    for place in marks:
        if any(_goes_on(line, lines[place], _RAISED_ROW) for line in lines):
            continue  # in the middle of a line, as what stands raised behind a sign
        beside = [other for other, line in enumerate(lines) if _is_item_of(lines[place], line)]
        nearest = min(beside, key=lambda other: lines[other].box.left, default=place + 1)
        if nearest != place + 1:
            found[nearest] = place
    apart = set(found.values())
    whole = [_joined(lines[found[place]], line, " ") if place in found else line for place, line in enumerate(lines)]
    return [line for place, line in enumerate(whole) if place not in apart]


def _is_item_of(mark: Line, line: Line) -> bool:
    """Whether a line begins behind a mark, at its height."""
    left, bottom, _, top = line.box
    _, low, right, high = mark.box
    return (
        0 <= left - right <= _BEHIND_MARK * (top - bottom)
        and min(top, high) - max(bottom, low) > _SAME_ROW * min(top - bottom, high - low)
        and not line.quarters
        and not mark.quarters
    )


def whole_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines, those as one that go on beside the one before, no further than a blank or two away."""
    whole: list[Line] = []
    for line in lines:
        share = _RAISED_ROW if line[0][0] in _RAISED else _SAME_ROW
        if whole and not whole[-1][4] and _goes_on(whole[-1], line, share):
            whole[-1] = _joined(whole[-1], line, _blank(whole[-1].box, line.box))
        else:
            whole.append(line)
    return whole


def touches(line: Line, other: Line) -> bool:
    """Whether the other goes on beside the line without a blank."""
    return not line.hyphen and _goes_on(line, other, _RAISED_ROW) and not _blank(line.box, other.box)


def _goes_on(line: Line, other: Line, share: float) -> bool:
    _, bottom, right, top = line[1]
    left, low, _, high = other[1]
    height, there = top - bottom, high - low
    higher = height if height > there else there  # noqa: FURB136 - half the time
    if not -_SAME_ROW * higher < left - right < higher:  # nearly all
        return False
    return min(top, high) - max(bottom, low) > share * min(height, there) and not line.quarters and not other.quarters


def _blank(here: Box, there: Box) -> str:
    height = max(here.top - here.bottom, there.top - there.bottom)
    return " " if there.left - here.right > _BLANK * height else ""


def _joined(line: Line, other: Line, blank: str) -> Line:
    here, there = line.box, other.box
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
