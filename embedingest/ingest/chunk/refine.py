"""Inner places to cut a block that alone is too large: lines, sentences, words, at last any token. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from embedingest.ingest.chunk.lines import RECORD, is_unwrapped
from embedingest.ingest.chunk.pack import draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.chunk.blocks import Kind
    from embedingest.ingest.chunk.ruler import Ruler

__all__ = ["refine"]

# A match ends where the next piece begins; the number is what a cut there costs.
_Level = tuple[re.Pattern[str], float]
# Each looks at a run of blanks once, however long; none stands at the end of what is looked at.
_UNINDENTED: Final[_Level] = (
    re.compile(r"(?:(?<=\S)|\A)(?=[^\S\n]*\n[ \t]*\n)\s++(?<=\n)(?=[^\s)\]}])"),
    0.0,
)
_BLANK_LINE: Final[_Level] = (re.compile(r"\n[ \t]*\n\s*(?=\S)"), 0.2)
_LINE: Final[_Level] = (re.compile(r"\n(?=[^\n])"), 0.4)
_SENTENCE: Final[_Level] = (re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=\S)|(?<=[。！？])(?=\S)"), 0.4)
_CLAUSE: Final[_Level] = (re.compile(r"(?<=[,;:—])\s+(?=\S)|(?<=[、，；：])(?=\S)"), 0.7)
# Of a row that alone is too large: before the next cell, or before the next key of a record in JSON.
_CELL: Final[_Level] = (re.compile(r" \|[ \t]+(?=\S)|,[ \t]*(?=\"[^\"\\\n]{1,80}\"[ \t]*:)"), 0.6)
_RECORD: Final[_Level] = (re.compile(rf"\n(?={RECORD})", re.VERBOSE), 0.0)
_LEVELS: Final[dict[str, tuple[_Level, ...]]] = {
    "code": (_UNINDENTED, _BLANK_LINE, _LINE),
    "table": (_LINE, _CELL),
    "log": (_RECORD, _LINE, _SENTENCE, _CLAUSE),
    "lines": (_BLANK_LINE, _LINE, _SENTENCE, _CLAUSE),
    "paragraph": (_BLANK_LINE, _SENTENCE, _LINE, _CLAUSE),
}
_WORD: Final = re.compile(r"\s+(?=\S)")
_WORD_COST: Final = 1.0
_HARD_COST: Final = 1.5
_GROUP: Final = 16  # words in a group, on average
_CELLS: Final = 4  # cells in a group, on average: a row may have a hundred thousand
_SHORT: Final = 8  # a group is this part of the capacity at most, in characters


def refine(text: str, start: int, end: int, kind: Kind, ruler: Ruler, capacity: int) -> Iterator[tuple[int, float]]:
    """Offsets inside `text[start:end]` where it may be cut, ascending, each with its cost.

    Between two of them, and to the ends, lie at most `capacity` tokens.
    """
    if kind in {"code", "table", "log"}:
        levels = _LEVELS[kind]
    else:
        levels = _LEVELS["lines" if is_unwrapped(text[start:end]) else "paragraph"]
    yield from _refine(text, start, end, levels, ruler, capacity)


def _refine(
    text: str, start: int, end: int, levels: tuple[_Level, ...], ruler: Ruler, capacity: int
) -> Iterator[tuple[int, float]]:
    if not levels:
        yield from _words(text, start, end, ruler, capacity)
        return
    pattern, cost = levels[0]
    begin, tokens = start, ruler.position(start)
    for match in pattern.finditer(text, start, _words_end(text, start, end)):
        place = match.end()
        if place <= begin or place >= end:
            continue
        drawn = draw(text, place)
        if pattern is _CELL[0] and drawn * _CELLS >= 1 and (place - begin) * _SHORT < capacity:
            continue
        position = ruler.position(place, tokens)
        if position - tokens > capacity:
            yield from _refine(text, begin, place, levels[1:], ruler, capacity)
        yield place, cost + drawn
        begin, tokens = place, position
    if ruler.size(begin, end) > capacity:
        yield from _refine(text, begin, end, levels[1:], ruler, capacity)


def _words(text: str, start: int, end: int, ruler: Ruler, capacity: int) -> Iterator[tuple[int, float]]:
    """Cuts between groups of words. A word begins a group by its own hash, so that an edit moves few of them."""
    most = max(1, capacity // 4)
    begin = last = start
    for match in _WORD.finditer(text, start, _words_end(text, start, end)):
        place = match.end()
        if ruler.size(begin, place) > most:
            if last > begin:
                yield last, _WORD_COST
                begin = last
            if ruler.size(begin, place) > most:
                yield from _hard(text, begin, place, ruler, most)
                yield place, _WORD_COST
                begin = place
        elif draw(text, place) * _GROUP < 1:
            yield place, _WORD_COST
            begin = place
        last = place
    if last > begin and ruler.size(begin, end) > most:
        yield last, _WORD_COST
        begin = last
    yield from _hard(text, begin, end, ruler, most)


def _words_end(text: str, start: int, end: int) -> int:
    """Where the blanks at the end of `text[start:end]` begin."""
    return start + len(text[start:end].rstrip())


def _hard(text: str, start: int, end: int, ruler: Ruler, most: int) -> Iterator[tuple[int, float]]:
    """A run without blanks: cut between tokens, never in front of a mark that belongs to the letter before."""
    place = start
    while ruler.size(place, end) > most:
        following = ruler.offset(ruler.position(place) + most)
        while following < end and unicodedata.combining(text[following]):
            following += 1
        if following >= end or following <= place:
            return
        yield following, _HARD_COST
        place = following
