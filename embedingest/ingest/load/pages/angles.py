"""Words at an angle that is no quarter turn, as those of a stamp across a page: no part of its lines. Pure."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SLANTED", "angles", "is_oblique", "runs"]

SLANTED: Final = 3.0
"""How many times as high as a letter of it is wide a line is, at least, where its letters may lie at an angle."""

_LEAST: Final = 0.1
"""How far letters rise along their line, at least, where they lie at an angle; what was scanned lies askew by less."""

_WORD: Final = re.compile(r"\S+")


def is_oblique(along: float, across: float) -> bool:
    """Whether letters whose lines go so far to the right and upwards lie neither level nor upright."""
    along, across = abs(along), abs(across)
    return min(along, across) > _LEAST * max(along, across)


def angles(text: str, count: int, lies_so: Callable[[int], bool]) -> set[bool]:
    """Whether words of a line, which so many commands drew, lie at an angle, and whether others do not.

    Nothing where none does. `lies_so` says it of the character at a place of the line.
    """
    starts = [word.start() for word in _WORD.finditer(text)] if count > 1 else [0]
    found = set(map(lies_so, starts))
    return found if True in found else set()


def runs(text: str, lies_so: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """From where to where a line's words lie at an angle, and do not."""
    for _, run in groupby(_WORD.finditer(text), lambda word: lies_so(word.start())):
        words = list(run)
        yield words[0].start(), words[-1].end()
