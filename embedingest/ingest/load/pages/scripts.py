"""Numbers that stand raised or lowered in a line, written so that nobody misreads them: 2^64 is not 264. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from embedingest.ingest.load.common.raised import AROUND, written

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.page import Line, Word

__all__ = ["Drawn", "Letter", "with_scripts"]

Letter = tuple[float, float]
"""How high a letter stands on the page, and its size, in points."""


class Drawn(Protocol):
    """How the characters of a line were drawn, by their places in it."""

    def letter(self, place: int) -> Letter:
        """The character at a place."""

    def at_once(self, start: int, end: int) -> bool:
        """Whether those from one place to another are known to have been drawn at once, in one size on one height."""


_NUMBER: Final = re.compile(r"[0-9]{1,12}")  # its sign is looked for behind: an expression for both takes twice as long
_SPAN: Final = re.Match.span
_SIGNS: Final = frozenset("+-−")
_ISOTOPE: Final = re.compile(r"\d\d+[A-Z][a-z]?\b")
_SMALLER: Final = 0.9
_MOVED: Final = 0.1
"""How far from the line of the letter before, in that letter's size."""


def with_scripts(line: Line, drawn: Drawn, behind: str = "") -> Line:
    """The line with its raised and lowered numbers written as such.

    `behind` is the character that the line goes on behind, which is drawn at -1.
    """
    before = len(behind)
    text = behind + line.text
    numbers = _numbers(text, before)
    if len(numbers) > 1 and drawn.at_once(max(0, numbers[0][0] - 1) - before, numbers[-1][1] - before):
        return line  # as in most lines of many numbers
    found = [
        (script[0] - before, script[1] - before, script[2])
        for start, end in numbers
        if start == 0 or start + 1 < end or not text[start - 1].isspace()  # else nothing stands before it
        if (script := _script(text, start, end, drawn, before)) is not None
    ]
    if not found:
        return line
    text, words, last = "", line.words, len(line.text)
    for start, end, below in reversed(found):
        before_it = line.text[max(0, start - AROUND) : start] if start else behind
        said = written(line.text[start:end], below=below, behind=before_it, ahead=line.text[end : end + AROUND])
        if not start and not behind and _ISOTOPE.match(line.text) is None:
            said += " "  # a note's number
        text = said + line.text[end:last] + text
        words = tuple(_moved(word, start, end, len(said) - (end - start)) for word in words)
        last = start
    return line._replace(text=line.text[:last] + text, words=words)


def _numbers(text: str, first: int) -> list[tuple[int, int]]:
    """Where numbers begin, with their signs, and end."""
    spans = map(_SPAN, _NUMBER.finditer(text, first))
    return [(start - (start > first and text[start - 1] in _SIGNS), end) for start, end in spans]


def _script(text: str, start: int, end: int, drawn: Drawn, before: int) -> tuple[int, int, bool] | None:
    """Where a part of the number is raised or lowered behind what stands before it, and whether it is lowered."""
    if start == 0 and _begins_note(text, end, drawn):
        return start, end, False
    if start == 0 or text[start - 1].isspace():
        start += 1  # nothing before it to compare with
    if start >= end or drawn.at_once(start - 1 - before, end - before):
        return None
    height, size = drawn.letter(start - 1 - before)
    for place in range(start, end):
        last, large = height, size
        height, size = drawn.letter(place - before)
        if size < _SMALLER * large and abs(height - last) > _MOVED * large:
            goes_on = (other for other in range(place + 1, end) if drawn.letter(other - before) != (height, size))
            return place, next(goes_on, end), height < last
    return None


def _begins_note(text: str, end: int, drawn: Drawn) -> bool:
    """Whether the number before the first word is raised above it."""
    if not text[end : end + 1].isalpha() or drawn.at_once(end - 1, end + 1):
        return False
    (height, size), (line, large) = drawn.letter(end - 1), drawn.letter(end)
    return size < _SMALLER * large and height - line > _MOVED * large


def _moved(word: Word, start: int, end: int, longer: int) -> Word:
    """The word's characters where text between two places became longer."""
    return word._replace(
        start=word.start + longer if word.start >= end else word.start,
        end=word.end + longer if word.end > start else word.end,
    )
