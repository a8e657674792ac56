"""Lists of rich text: their numbers and bullets by its tables of lists, where no old program wrote them out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.counting import letters, roman

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RtfLists"]

_FORMS: Final[dict[int, Callable[[int], str]]] = {
    0: str,
    1: lambda number: roman(number).upper(),
    2: roman,
    3: lambda number: letters(number).upper(),
    4: letters,
    5: lambda number: f"{number}.",
    22: lambda number: f"{number:02}",
}
_BULLET: Final = 23
_NOTHING: Final = 255
_LEVELS: Final = 9
_MOST_LISTS: Final = 10_000
_LONGEST: Final = 200


@dataclass(slots=True)
class _Level:
    form: int = 0
    start: int = 1
    text: str = ""
    """What stands before an item: the first character says how long it is, those below nine stand for numbers."""


@dataclass(slots=True)
class _List:
    levels: list[_Level] = field(default_factory=list)


class RtfLists:
    """Takes the control words of the tables, then says what stands before each item."""

    def __init__(self) -> None:
        self._lists: dict[int, _List] = {}
        self._made = _List()
        self._by_override: dict[int, _List] = {}
        self._counters: dict[int, int] = {}  # of an override, which list it counts with: its own where it begins anew
        self._listed = 0
        self._is_override = False
        self._starts: list[int] = []  # of the levels of the override under way, 0 where it says nothing
        self._counts: dict[int, list[int]] = defaultdict(lambda: [0] * _LEVELS)

    def take(self, word: str, number: int) -> None:
        """A control word of one of the tables."""
        if word == "list":
            self._made, self._is_override = _List(), False
        elif word == "listoverride":
            self._made, self._is_override, self._starts = _List(), True, []
        elif word == "listlevel":
            self._made.levels.append(_Level())
        elif word == "lfolevel":
            self._starts.append(0)
        elif word == "listid":
            self._listed = number
            if not self._is_override and len(self._lists) < _MOST_LISTS:
                self._lists.setdefault(number, self._made)
        elif word == "ls" and self._is_override:
            self._end_override(number)
        elif word == "levelstartat" and self._is_override and self._starts and not self._made.levels:
            self._starts[-1] = number
        elif self._made.levels:
            level = self._made.levels[-1]
            level.form = number if word in {"levelnfc", "levelnfcn"} else level.form
            level.start = number if word == "levelstartat" else level.start

    def _end_override(self, override: int) -> None:
        found = self._lists.get(self._listed)
        if found is None:
            return
        levels = [
            replace(level, start=start or level.start)
            for level, start in zip_longest(found.levels, self._starts[: len(found.levels)], fillvalue=0)
            if isinstance(level, _Level)
        ]
        self._by_override[override] = _List(levels)
        self._counters[override] = -override if any(self._starts) else self._listed

    def text(self, text: str) -> None:
        """Words of a level."""
        if self._made.levels and len(self._made.levels[-1].text) < _LONGEST:
            self._made.levels[-1].text += text

    def label(self, override: int, depth: int) -> str:
        """Count an item of a list, and what stands before it; empty where no table knows the list."""
        found = self._by_override.get(override)
        if found is None or not found.levels:
            return ""
        depth = max(0, min(depth, len(found.levels) - 1, _LEVELS - 1))
        counts = self._counts[self._counters[override]]
        counts[depth] = counts[depth] + 1 if counts[depth] else found.levels[depth].start
        counts[depth + 1 :] = [0] * (_LEVELS - depth - 1)
        level = found.levels[depth]
        length = ord(level.text[0]) if level.text else 0
        sign = level.text[1 : 1 + length]
        if level.form == _BULLET:
            return "•" if not sign or sign.strip() else ""  # a bullet may be a blank
        return "".join(_piece(each, counts, found) for each in sign).strip()


def _piece(sign: str, counts: list[int], found: _List) -> str:
    """A character of what stands before an item, or the number of the level that it stands for."""
    place = ord(sign)
    if place >= _LEVELS:
        return sign
    if place >= len(found.levels) or found.levels[place].form in {_BULLET, _NOTHING}:
        return ""
    return _FORMS.get(found.levels[place].form, str)(counts[place] or found.levels[place].start)
