"""The lines of a page with their places, out of PDFium. Knows no words' meaning.

Every character has a number in PDFium, and a line is a range of them. A box is one call, so boxes are asked for lines,
and for words only where somebody needs them.
"""

from __future__ import annotations

import ctypes
import math
import re
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.pages.calls import calls, handle, room
from embedingest.ingest.load.pages.page import Box, Line, Page, Turn, Word
from embedingest.ingest.load.pages.rules import grids
from embedingest.ingest.load.pages.whole import whole_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_page", "turning"]

_LINE: Final = re.compile(r"([^\r\n\ufffe\x02]+)([\ufffe\x02]?)")
_WORD: Final = re.compile(r"\S+")
_LEADER: Final = re.compile(r"(?:\. ?){4}|…|_{3}")
_GAP: Final = 1.2
"""What parts cells and columns, in heights of a line: two blanks are narrower."""

_LOOSE: Final = 0.6
_ROWS: Final = 2
"""Ruled tables are looked for where a line begins beside the one before, or so many have more than a blank in them."""

_ENOUGH_GAPS: Final = 3
_WINDOW: Final = 8
_AROUND: Final = 3
"""Words are asked for where so many lines of so many neighbours have gaps, and for some lines around."""

_MOST_LINES: Final = 3000
"""On a page with more lines than this no places are asked for their words."""


def read_page(pdfium: Any, page: Any, turn: Turn | None, *, words: bool) -> Page:
    """The page as PDFium has it. `words`: ask for the places of all words, else only where several lines have gaps."""
    raw = pdfium.raw
    textpage = raw.FPDFText_LoadPage(page.raw)
    if not textpage:
        raise pdfium.PdfiumError("no text can be read from a page")
    try:
        reader = _Reader(raw, textpage, turn)
        view = Box(*page.get_bbox())
        lines = reader.lines(view if turn is None else turn(view))
        if _go_elsewhere(lines):
            turns = page.get_rotation() // 90
            lines = [line._replace(quarters=(reader.quarters(line) - turns) % 4) for line in lines]
        ruled = grids(raw, page, turn) if reader.beside >= _ROWS else []
        if len(lines) <= _MOST_LINES:
            wanted = [True] * len(lines) if words or ruled else _near_gaps(lines)
            if any(wanted):
                pairs = zip(lines, wanted, strict=True)
                lines = [line._replace(words=reader.words(line)) if asked else line for line, asked in pairs]
        if reader.parted:
            lines = whole_lines(lines)
        width, height = page.get_size()  # as it is shown
        return Page(lines=lines, width=width, height=height, grids=ruled)
    finally:
        raw.FPDFText_ClosePage(textpage)


def turning(page: Any) -> Turn | None:
    """What gives the place that a reader sees, on a page that is shown turned; None where it is not."""
    left, bottom, right, top = page.get_mediabox()
    turns: dict[int, Turn] = {
        90: lambda box: Box(box.bottom - bottom, right - box.right, box.top - bottom, right - box.left),
        180: lambda box: Box(right - box.right, top - box.top, right - box.left, top - box.bottom),
        270: lambda box: Box(top - box.top, box.left - left, top - box.bottom, box.right - left),
    }
    return turns.get(page.get_rotation())


class _Reader:
    """Asks PDFium for the places of ranges of characters. Nearly all time beside PDFium's own goes into `lines`."""

    def __init__(self, raw: Any, textpage: Any, turn: Turn | None) -> None:
        self._raw, self._textpage = raw, textpage
        self._calls = calls(raw)
        self._page = handle(textpage)
        self._turn = turn
        self._sides = tuple(ctypes.c_double() for _ in range(4))
        self._found = tuple(ctypes.byref(side) for side in self._sides)  # left, top, right, bottom
        self._loose = raw.FS_RECTF()
        self._to_loose = ctypes.byref(self._loose)
        self.beside = 0  # how often something stands beside another, perhaps in the next cell
        self.parted = False  # whether a line may go on beside the one before
        count = max(0, raw.FPDFText_CountChars(textpage))
        buffer = room(2 * count + 1)  # PDFium may write more characters than it counts
        written = raw.FPDFText_GetText(textpage, 0, count, buffer) if count else 1
        self._text = ctypes.string_at(buffer, 2 * written - 2).decode("utf-16-le", "ignore").replace("\0", " ")
        self._wide = [] if len(self._text) == count else _wide(self._text)
        self._plain = len(self._text) == count

    def lines(self, view: Box) -> list[Line]:
        """The lines that are to be seen, in the order in which they were written."""
        count_rectangles, page, plain = self._calls.count_rectangles, self._page, self._plain
        lines: list[Line] = []
        last, highest = view.top, -math.inf
        for start, piece, hyphen in _broken(self._text):
            text = piece.rstrip()
            if not text:
                continue
            first = start
            if text[0].isspace():
                first += len(text) - len(text.lstrip())
                text = text.lstrip()
            if plain:
                count = count_rectangles(page, first, len(text))
            else:
                number = self._number(first)
                count = count_rectangles(page, number, self._number(first + len(text) - 1) + 1 - number)
            box, gap = self._extent(count)
            if box is None:
                box = self.box(first)
            left, bottom, right, top = box
            if last <= bottom < highest:  # above all others is a head that was written last
                self.beside += _ROWS
            if top > last:
                self.parted = True
            last = bottom
            if top > highest:
                highest = top
            if left < view.right and right > view.left and bottom < view.top and top > view.bottom:
                lines.append(Line(text, box, first, gap and not _LEADER.search(text), hyphen))
        return lines

    def words(self, line: Line) -> tuple[Word, ...]:
        """The words of a line with their places."""
        words = []
        for found in _WORD.finditer(line.text):
            start, end = found.span()
            left, bottom, right, top = self.box(line.first + start)
            if end - start > 1:
                west, _, east, _ = self.box(line.first + end - 1)
                left, right = west if west < left else left, east if east > right else right  # noqa: FURB136 - half the time
            words.append(Word(start, end, left, bottom, right, top))
        return tuple(words)

    def quarters(self, line: Line) -> int:
        """By how many quarter turns the letters of a line lie on the page, as it was written."""
        angle = self._raw.FPDFText_GetCharAngle(self._textpage, self._number(line.first))
        return -round(angle / (math.pi / 2)) % 4 if angle > 0 else 0  # PDFium counts with the clock

    def box(self, index: int) -> Box:
        """The place of a character with the room above and below it that its font wants."""
        number = index if self._plain else self._number(index)
        if not self._calls.loose_box(self._page, number, self._to_loose):
            return Box(0, 0, 0, 0)
        box = self._loose
        found = Box(box.left, box.bottom, box.right, box.top)
        return found if self._turn is None else self._turn(found)

    def _extent(self, count: int) -> tuple[Box | None, bool]:
        """The box around the rectangles that PDFium has just counted; whether two neighbours stand apart."""
        rectangle, page, turn, found = self._calls.rectangle, self._page, self._turn, self._found
        west, north, east, south = self._sides
        if count == 1 and turn is None:  # nearly half of all lines
            there = rectangle(page, 0, *found)
            return Box(west.value, south.value, east.value, north.value) if there else None, False
        boxes: list[tuple[float, float, float, float]] = [
            (west.value, south.value, east.value, north.value)
            for index in range(count)
            if rectangle(page, index, *found)
        ]
        if turn is not None:
            boxes = [turn(Box(*box)) for box in boxes]
        if len(boxes) < 2:
            return (Box(*boxes[0]), False) if boxes else (None, False)
        left, bottom, end, top = boxes[0]
        right, widest, back = end, 0.0, 0.0
        few = end - left <= top - bottom  # a bullet, a list's number
        for x0, y0, x1, y1 in boxes[1:]:
            step = x0 - end
            if step < back:
                back = step
            elif step > widest and not few:
                widest = step
            left, bottom = x0 if x0 < left else left, y0 if y0 < bottom else bottom  # noqa: FURB136 - half the time
            right, top = x1 if x1 > right else right, y1 if y1 > top else top  # noqa: FURB136
            end, few = x1, False
        height = top - bottom
        if widest > _LOOSE * height or back < -height:
            self.beside += 1
        return Box(left, bottom, right, top), widest > _GAP * height or back < -height

    def _number(self, index: int) -> int:
        """The number that PDFium gives the character at this place of the text, which it counts in UTF-16."""
        if self._plain:
            return index
        return int(self._calls.number(self._page, index + bisect_left(self._wide, index)))


def _go_elsewhere(lines: list[Line]) -> bool:
    """Whether a line stands above the one before, or upright."""
    if any(line.box[1] > before.box[1] for before, line in pairwise(lines)):
        return True
    return any(top - bottom > 2 * (right - left) for left, bottom, right, top in [line.box for line in lines])


def _broken(text: str) -> Iterator[tuple[int, str, bool]]:
    """Where each line begins, its text, and whether it ends in a hyphen that only the end of the line brought."""
    if "\x02" in text or "\ufffe" in text:
        for found in _LINE.finditer(text):
            yield found.start(), found[1], found[2] != ""
        return
    first = 0
    for line in text.replace("\r", "\n").split("\n"):  # a third of the time that an expression takes
        yield first, line, False
        first += len(line) + 1


def _near_gaps(lines: list[Line]) -> list[bool]:
    """Which lines stand where several have gaps, and so may be rows or columns."""
    near = [False] * len(lines)
    gaps = [index for index, line in enumerate(lines) if line.gap]
    for place in range(len(gaps) - _ENOUGH_GAPS + 1):
        first, last = gaps[place], gaps[place + _ENOUGH_GAPS - 1]
        if last - first < _WINDOW:
            start, end = max(0, first - _AROUND), min(len(lines), last + _AROUND + 1)
            near[start:end] = [True] * (end - start)
    return near


def _wide(text: str) -> list[int]:
    """Where characters stand that take two places in UTF-16."""
    return [] if text.isascii() else [index for index, letter in enumerate(text) if letter > "\uffff"]
