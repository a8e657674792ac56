"""The lines of a page with their places, out of PDFium. Knows no words' meaning.

Every character has a number in PDFium, and a line is a range of them. A box is one call, so boxes are asked for lines,
and for words only where somebody needs them.
"""

from __future__ import annotations

import ctypes
import math
import re
from bisect import bisect_left
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.pages.angles import SLANTED, angles, is_oblique, runs
from embedingest.ingest.load.pages.bidi import in_reading_order, is_mostly_rtl, may_run_rtl, runs_rtl
from embedingest.ingest.load.pages.calls import calls, character_boxes, handle, rectangles, room
from embedingest.ingest.load.pages.opened import Opened, view_of
from embedingest.ingest.load.pages.page import Box, Line, Page, Turn, Word
from embedingest.ingest.load.pages.pieces import around, broken
from embedingest.ingest.load.pages.rules import grids
from embedingest.ingest.load.pages.scripts import Letter, with_scripts
from embedingest.ingest.load.pages.unknown import spelled_out
from embedingest.ingest.load.pages.wanted import words_wanted
from embedingest.ingest.load.pages.whole import touches, whole_lines, with_initials, with_marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["read_page"]

_Sides = tuple[float, float, float, float]
_new: Final = tuple.__new__
"""Makes a named tuple, in half the time that calling it takes."""

_Plane: Final = ctypes.c_float * 6
_FIRST: Final = itemgetter(0)
_SPAN: Final = re.Match.span
_WORD: Final = re.compile(r"\S+")
_LEADER: Final = re.compile(r"(?:\. ?){4}|…|_{3}")
_DIGIT: Final = re.compile("[0-9]")
_RAISED_FIRST: Final = re.compile(r"[+\-−]?[0-9]")
_RAISED_SIGNS: Final = frozenset("+-−0123456789")
_LONGEST_FONT: Final = 256
_ROWS: Final = 2
"""Ruled tables are looked for where a line begins beside the one before, or so many have more than a blank in them."""

_MOST_LINES: Final = 3000
"""On a page with more lines than this no places are asked for their words."""


def read_page(pdfium: Any, page: Opened, *, words: bool, nested: bool = True) -> Page:
    """The page as PDFium has it. `words`: ask for the places of all words, else only where several lines have gaps.

    `nested`: whether what is drawn may be drawn within something else.
    """
    raw = pdfium.raw
    textpage = raw.FPDFText_LoadPage(page.raw)
    if not textpage:
        raise pdfium.PdfiumError("no text can be read from a page")
    try:
        reader = _Reader(raw, textpage, page.turn)
        view = view_of(pdfium, page)
        lines = reader.lines(view)
        aside = reader.oblique if lines else []
        lines = lines or reader.oblique
        if reader.elsewhere:
            for place, angle in enumerate(reader.quarters(lines)):
                if angle != page.quarters:
                    lines[place] = lines[place]._replace(quarters=(angle - page.quarters) % 4)
        mirrored = [place for place, line in enumerate(lines) if runs_rtl(line[0])] if reader.may_mirror else []
        may_rule = reader.beside >= _ROWS and (nested or bool(mirrored) or not reader.is_all_of(page))
        ruled = grids(raw, page) if may_rule else []
        if len(lines) <= _MOST_LINES:
            asked: Iterable[int] = range(len(lines))
            if not words:
                parted, elsewhere = reader.parted, reader.elsewhere
                asked = words_wanted(lines, ruled, parted=parted, elsewhere=elsewhere, mirrored=bool(mirrored))
            for place, known in zip(asked, reader.words([lines[place] for place in asked]), strict=True):
                text, box, first, gap, hyphen, _, quarters = lines[place]
                lines[place] = _new(Line, (text, box, first, gap, hyphen, known, quarters))
        order = _set_rtl(reader, lines, mirrored) if mirrored else {}
        _set_scripts(reader, lines, order)
        if reader.parted or reader.elsewhere:
            lines = with_marks(with_initials(lines))
        if reader.parted:
            lines = whole_lines(lines)
        bare, whole = calls(raw), page.whole
        width, height = bare.width(whole), bare.height(whole)  # as it is shown
        downwards, unknown = not reader.elsewhere, reader.unknown
        return Page(lines, width, height, view.bottom, downwards=downwards, grids=ruled, unknown=unknown, aside=aside)
    finally:
        raw.FPDFText_ClosePage(textpage)


def _set_rtl(reader: _Reader, lines: list[Line], places: list[int]) -> dict[int, list[int]]:
    """Put letters of the right-to-left lines in order; for each line, at which of its places they were."""
    rtl = is_mostly_rtl(line.text for line in lines)
    order = {}
    for place in places:
        if not lines[place].quarters:
            lines[place], order[place] = in_reading_order(lines[place], reader.boxes(lines[place]), rtl=rtl)
    return order


def _set_scripts(reader: _Reader, lines: list[Line], order: dict[int, list[int]]) -> None:
    """Write raised and lowered numbers as such, within lines and where PDFium parted them from what is before."""
    if not reader.flat:
        return
    begun = {
        place
        for place, line in enumerate(lines)
        if line[0][0] in _RAISED_SIGNS and _RAISED_FIRST.match(line[0]) and place not in order
    }
    uneven = [place for place in reader.uneven if _DIGIT.search(lines[place][0])]  # half of them
    for place in sorted({*uneven, *begun}, reverse=True):
        line, before = lines[place], lines[place - 1] if place and reader.parted and place in begun else None
        if before is None or place - 1 in order or not touches(before, line):
            if not reader.is_at_once(line[2]):
                lines[place] = with_scripts(line, _Drawn(reader, line[2], order.get(place)))
        else:
            last = before.first + len(before.text) - 1  # the line before is whole yet
            lines[place] = with_scripts(line, _Drawn(reader, line.first, None, last), before.text[-1])


class _Drawn:
    """The characters of a line. `order`: at which place each was drawn; `before`: the number of the one before."""

    def __init__(self, reader: _Reader, first: int, order: list[int] | None, before: int = -1) -> None:
        self._reader, self._first, self._order, self._before = reader, first, order, before

    def letter(self, place: int) -> Letter:
        """How high the character at a place stands, and its size."""
        if place < 0:
            return self._reader.letter(self._before)
        return self._reader.letter(self._first + (place if self._order is None else self._order[place]))

    def at_once(self, start: int, end: int) -> bool:
        """Whether the characters are one range of the page, with one rectangle."""
        return start >= 0 and self._order is None and self._reader.is_one(self._first + start, end - start)


class _Reader:
    """Asks PDFium for the places of ranges of characters. Nearly all time beside PDFium's own goes into `lines`."""

    def __init__(self, raw: Any, textpage: Any, turn: Turn | None) -> None:
        self._calls = calls(raw)
        self._page = handle(textpage)
        self._turn = turn
        self.beside = 0  # how often something stands beside another, perhaps in the next cell
        self.parted = False  # whether a line may go on beside the one before
        self.elsewhere = False  # whether a line stands above the one before, or upright
        self.oblique: list[Line] = []  # whose letters lie at an angle, as those of a stamp do
        self.uneven: list[int] = []  # which lines may have something raised or lowered in them
        self._counts: tuple[list[tuple[int, str, bool]], list[int]] = [], []
        count = max(0, self._calls.count_characters(self._page))
        buffer = room(2 * count + 1)  # PDFium may write more characters than it counts
        written = self._calls.text(self._page, 0, count, buffer) if count else 1
        letters = ctypes.string_at(buffer, 2 * written - 2)
        self._text = letters.decode("utf-16-le", "ignore").replace("\0", " ")
        self.may_mirror = not self._text.isascii() and may_run_rtl(letters)
        self._plain = len(self._text) == count
        self._wide = [] if self._plain else _wide(self._text)
        self._text, self.unknown = spelled_out(self._text, self._unit, self._font)
        if count > written - 1:  # characters without a letter may not be written at all
            without = sum(self._calls.unit(self._page, number) == 0 for number in range(count))
            self.unknown += min(without, count - written + 1)
        self._rectangles = 0

    def lines(self, view: Box) -> list[Line]:
        """The lines that are to be seen, in the order in which they were written, without those at an angle."""
        pieces = broken(self._text)
        lines, mixed = self._lines(pieces, view)
        if mixed:
            self.parted = self.elsewhere = False
            self.uneven, self.oblique = [], []
            pieces = [part for piece in pieces for part in (self._runs(*piece) if piece[0] in mixed else (piece,))]
            lines, _ = self._lines(pieces, view)
        return lines

    def _lines(self, pieces: list[tuple[int, str, bool]], view: Box) -> tuple[list[Line], set[int]]:
        """The lines that are pieces of the text, and where those begin that hold words at an angle and others."""
        counts, found = self._sides(pieces)
        lines: list[Line] = []
        mixed: set[int] = set()
        at = beside = 0
        flat = self._turn is None
        west, south, east, north = view
        last, highest, lowest = north, -math.inf, math.inf
        for (first, text, hyphen), count in zip(pieces, counts, strict=True):
            gap = uneven = False
            if count == 1:  # nearly half of all lines
                box = found[at]
            elif count > 1:
                box, loose, gap, uneven = around(found[at : at + count])
                beside += loose
            else:
                box = self._boxes([first])[0]
            at += count
            left, bottom, right, top = box
            high, wide = top - bottom, right - left
            if high * len(text) > SLANTED * wide and self._lies_aside(text, box, first, count, view, mixed):
                continue
            if last <= bottom < highest:  # above all others is a head that was written last
                beside += _ROWS
            if top > last:
                self.parted = True
            last = bottom
            if top > highest:
                highest = top
            if left < east and right > west and bottom < north and top > south:
                if bottom > lowest or high > 2 * wide:
                    self.elsewhere = True
                lowest = bottom
                if uneven and flat:
                    self.uneven.append(len(lines))
                gap = gap and not _LEADER.search(text)
                lines.append(_new(Line, (text, _new(Box, box), first, gap, hyphen, (), 0)))
        self.beside = beside
        if self._plain:
            self._counts = pieces, counts
        return lines, mixed

    def _sides(self, pieces: list[tuple[int, str, bool]]) -> tuple[list[int], list[_Sides]]:
        """How many rectangles each piece has, and all of them as a reader sees them."""
        counts, found = rectangles(self._calls, self._page, self._ranges(pieces))
        self._rectangles = len(found)
        turn = self._turn
        return counts, found if turn is None else [turn(Box(*box)) for box in found]

    def is_at_once(self, first: int) -> bool:
        """Whether one command drew the line of this first character."""
        pieces, counts = self._counts
        place = bisect_left(pieces, first, key=_FIRST)
        return place < len(pieces) and pieces[place][0] == first and counts[place] == 1

    def words(self, lines: list[Line]) -> list[tuple[Word, ...]]:
        """The words of each line with their places."""
        places = [list(map(_SPAN, _WORD.finditer(line[0]))) for line in lines]
        asked = [
            line.first + place
            for line, spans in zip(lines, places, strict=True)
            for start, end in spans
            for place in (start, end - 1)
        ]
        boxes = iter(self._boxes(asked))
        return [
            tuple(
                [
                    _new(Word, (start, end, west if west < left else left, low, east if east > right else right, top))  # noqa: FURB136
                    for (start, end), (left, low, right, top), (west, _, east, _) in zip(
                        spans, boxes, boxes, strict=False
                    )
                ]
            )
            for spans in places
        ]

    def quarters(self, lines: list[Line]) -> list[int]:
        """By how many quarter turns the letters of each line lie on the page, as it was written."""
        angles = [self._calls.angle(self._page, self._number(line.first)) for line in lines]  # with the clock
        return [-round(angle / (math.pi / 2)) % 4 if angle > 0 else 0 for angle in angles]

    def _lies_aside(self, text: str, box: _Sides, first: int, count: int, view: Box, mixed: set[int]) -> bool:
        """Whether words of a line, which so many commands drew, lie at an angle; keeps it if all do."""
        found = angles(text, count, partial(self._is_oblique, first))
        left, bottom, right, top = box
        if len(found) > 1:
            mixed.add(first)
        elif found and left < view.right and right > view.left and bottom < view.top and top > view.bottom:
            self.oblique.append(Line(text, _new(Box, box), first))
        return bool(found)

    def _runs(self, first: int, text: str, hyphen: bool) -> list[tuple[int, str, bool]]:
        parts = runs(text, partial(self._is_oblique, first))
        return [(first + start, text[start:end], hyphen and end == len(text)) for start, end in parts]

    def _is_oblique(self, first: int, place: int) -> bool:
        """Whether the character at a place behind the first one lies at an angle, however it is slanted."""
        plane = _Plane()
        known = self._calls.plane(self._page, self._number(first + place), ctypes.byref(plane))
        return bool(known) and is_oblique(plane[0], plane[1])

    @property
    def flat(self) -> bool:
        """Whether the page is shown as it was written, so that heights say what is raised."""
        return self._turn is None

    def boxes(self, line: Line) -> list[_Sides]:
        """The place of each character of the line."""
        return list(self._boxes([line.first + place for place in range(len(line.text))]))

    def letter(self, place: int) -> Letter:
        """How high the character at a place of the page's text stands, and its size."""
        number = self._number(place)
        x, y = ctypes.c_double(), ctypes.c_double()
        self._calls.origin(self._page, number, ctypes.byref(x), ctypes.byref(y))
        size = self._calls.size(self._page, number)
        plane = _Plane()  # fonts may be set in a size that only this makes larger
        known = self._calls.plane(self._page, number, ctypes.byref(plane))
        return y.value, size * math.hypot(plane[2], plane[3]) if known else size

    def is_all_of(self, page: Opened) -> bool:
        """Whether words are all that was drawn on the page: each command has its rectangle, none drew something else.

        Not to be asked where commands may be parted by the order of their words, or nested.
        """
        drawn = self._calls.count_drawn(page.whole)
        return self._rectangles >= drawn and bool(self._calls.count_rectangles(self._page, 0, -1) == drawn)

    def is_one(self, first: int, count: int) -> bool:
        """Whether so many characters of the page's text are known to have been drawn by one command."""
        return self._plain and bool(self._calls.count_rectangles(self._page, first, count) == 1)

    def _boxes(self, places: list[int]) -> Sequence[_Sides]:
        """The places of characters on the page, with the room above and below them that their fonts want."""
        numbers = places if self._plain else [self._number(place) for place in places]
        boxes = character_boxes(self._calls, self._page, numbers)
        turn = self._turn
        return boxes if turn is None else [turn(Box(*box)) for box in boxes]

    def _ranges(self, pieces: list[tuple[int, str, bool]]) -> list[tuple[int, int]]:
        """The number of the first character of each piece, and how many it has."""
        if self._plain:
            return [(first, len(text)) for first, text, _ in pieces]
        ends = [(self._number(first), self._number(first + len(text) - 1)) for first, text, _ in pieces]
        return [(first, last + 1 - first) for first, last in ends]

    def _unit(self, place: int) -> int:
        """What PDFium says that the character at a place of the text is; nothing for one that has none."""
        return int(self._calls.unit(self._page, self._number(place)))

    def _font(self, place: int) -> str:
        """The name of the font of the character at a place of the text."""
        buffer, flags = ctypes.create_string_buffer(_LONGEST_FONT), ctypes.c_int()
        written = self._calls.font(self._page, self._number(place), buffer, len(buffer), ctypes.byref(flags))
        return buffer.value.decode("utf-8", "replace") if 0 < written <= len(buffer) else ""

    def _number(self, index: int) -> int:
        """The number that PDFium gives the character at this place of the text, which it counts in UTF-16."""
        if self._plain:
            return index
        return int(self._calls.number(self._page, index + bisect_left(self._wide, index)))


def _wide(text: str) -> list[int]:
    """Where characters stand that take two places in UTF-16."""
    return [] if text.isascii() else [index for index, letter in enumerate(text) if letter > "\uffff"]
