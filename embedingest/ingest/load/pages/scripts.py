"""Numbers that stand raised or lowered in a line, written so that nobody misreads them: 2^64 is not 264. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.raised import AROUND, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedingest.ingest.load.pages.page import Line, Word

__all__ = ["Letter", "with_scripts"]

Letter = tuple[float, float]
"""How high a letter stands on the page, and its size, in points."""

_NUMBER: Final = re.compile(r"[+\-−]?[0-9]{1,12}")
_ISOTOPE: Final = re.compile(r"\d\d+[A-Z][a-z]?\b")
_SMALLER: Final = 0.9
_MOVED: Final = 0.1
"""How far from the line of the letter before, in that letter's size."""


def with_scripts(line: Line, letter: Callable[[int], Letter], behind: str = "") -> Line:
    """The line with its raised and lowered numbers written as such. `letter` tells of the character at a place.

    `behind` is the character that the line goes on behind, of which `letter` tells at -1.
    """
    before = len(behind)
    text = behind + line.text
    found = [
        (start - before, end - before, below)
        for number in _NUMBER.finditer(text, before)
        for start, end, below in _scripts(text, number, lambda place: letter(place - before))
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


def _scripts(text: str, number: re.Match[str], letter: Callable[[int], Letter]) -> Iterator[tuple[int, int, bool]]:
    """Where a part of the number is raised or lowered behind what stands before it, and whether it is lowered."""
    start, end = number.span()
    if start == 0 and _begins_note(text, end, letter):
        yield start, end, False
        return
    if start == 0 or text[start - 1].isspace():
        start += 1  # nothing before it to compare with
    if start >= end:
        return
    height, size = letter(start - 1)
    for place in range(start, end):
        before, large = height, size
        height, size = letter(place)
        if size < _SMALLER * large and abs(height - before) > _MOVED * large:
            last = next((other for other in range(place + 1, end) if letter(other) != (height, size)), end)
            yield place, last, height < before
            return


def _begins_note(text: str, end: int, letter: Callable[[int], Letter]) -> bool:
    """Whether the number before the first word is raised above it."""
    if not text[end : end + 1].isalpha():
        return False
    (height, size), (line, large) = letter(end - 1), letter(end)
    return size < _SMALLER * large and height - line > _MOVED * large


def _moved(word: Word, start: int, end: int, longer: int) -> Word:
    """The word's characters where text between two places became longer."""
    return word._replace(
        start=word.start + longer if word.start >= end else word.start,
        end=word.end + longer if word.end > start else word.end,
    )
