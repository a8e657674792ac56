"""The lines of a page with their places, out of PDFium. Knows no words' meaning.

Every character has a number in PDFium, and a line is a range of them. A box is one call, so boxes are asked for lines,
and for words only where somebody needs them.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left
from typing import Any, Final

from embedingest.ingest.load.pages.page import Box, Line, Page, Turn, Word
from embedingest.ingest.load.pages.rules import grids

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
        ruled = grids(raw, page, turn) if reader.beside >= _ROWS else []
        if len(lines) <= _MOST_LINES:
            wanted = [True] * len(lines) if words or ruled else _near_gaps(lines)
            if any(wanted):
                pairs = zip(lines, wanted, strict=True)
                lines = [line._replace(words=reader.words(line)) if asked else line for line, asked in pairs]
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
        self._raw = raw
        self._page = textpage
        self._turn = turn
        self._sides = tuple(ctypes.c_double() for _ in range(4))
        self._found = tuple(ctypes.byref(side) for side in self._sides)  # left, top, right, bottom
        self._loose = raw.FS_RECTF()
        self.beside = 0  # how often something stands beside another, perhaps in the next cell
        count = max(0, raw.FPDFText_CountChars(textpage))
        buffer = (ctypes.c_ushort * (2 * count + 1))()  # PDFium may write more characters than it counts
        written = raw.FPDFText_GetText(textpage, 0, count, buffer) if count else 1
        self._text = bytes(buffer)[: 2 * written - 2].decode("utf-16-le", "ignore").replace("\0", " ")
        self._wide = [] if len(self._text) == count else _wide(self._text)
        self._plain = len(self._text) == count

    def lines(self, view: Box) -> list[Line]:
        """The lines that are to be seen, in the order in which they were written."""
        count_rectangles, page, plain = self._raw.FPDFText_CountRects, self._page, self._plain
        lines: list[Line] = []
        last = view.top
        for found in _LINE.finditer(self._text):
            text = found[1].rstrip()
            if not text:
                continue
            first = found.start()
            if text[0].isspace():
                first += len(text) - len(text.lstrip())
                text = text.lstrip()
            if plain:
                count = count_rectangles(page, first, len(text))
            else:
                start = self._number(first)
                count = count_rectangles(page, start, self._number(first + len(text) - 1) + 1 - start)
            box, gap = self._extent(count)
            if box is None:
                box = self.box(first)
            if box.bottom >= last:
                self.beside += _ROWS
            last = box.bottom
            if box.left < view.right and box.right > view.left and box.bottom < view.top and box.top > view.bottom:
                lines.append(Line(text, box, first, gap and not _LEADER.search(text), found[2] != ""))
        return lines

    def words(self, line: Line) -> tuple[Word, ...]:
        """The words of a line with their places."""
        words = []
        for found in _WORD.finditer(line.text):
            start, end = found.span()
            first, last = self.box(line.first + start), self.box(line.first + end - 1)
            left, right = min(first.left, last.left), max(first.right, last.right)
            words.append(Word(start, end, left, first.bottom, right, first.top))
        return tuple(words)

    def box(self, index: int) -> Box:
        """The place of a character with the room above and below it that its font wants."""
        box = self._loose
        if not self._raw.FPDFText_GetLooseCharBox(self._page, self._number(index), box):
            return Box(0, 0, 0, 0)
        found = Box(box.left, box.bottom, box.right, box.top)
        return found if self._turn is None else self._turn(found)

    def _extent(self, count: int) -> tuple[Box | None, bool]:
        """The box around the rectangles that PDFium has just counted; whether two neighbours stand apart."""
        rectangle, page, turn, found = self._raw.FPDFText_GetRect, self._page, self._turn, self._found
        west, north, east, south = self._sides
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
        return int(self._raw.FPDFText_GetCharIndexFromTextIndex(self._page, index + bisect_left(self._wide, index)))


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
