"""Columns of running text that were written row by row, or the right one first, each read down to its end. Pure.

Two columns stand apart in nearly every row and both hold sentences; a table's cells are short, or of unequal heights.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.pages.page import Box, Line

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.page import Page, Word

__all__ = ["part_columns"]

_FEWEST: Final = 6
"""Lines that a column has at least."""

_WORDS: Final = 4
"""Words that its lines have, most of them."""

_SAME_EDGE: Final = 3.0
_DEEPEST: Final = 4
_ROOM: Final = 1.4
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff]")  # Hebrew, Arabic, Syriac: their first column is the right one


def part_columns(page: Page) -> bool:
    """Put the lines of the page in order; whether there was anything to do."""
    if len(page.lines) < _FEWEST or not _stand_apart(page.lines):
        return False
    pieces = [piece for line in page.lines for piece in _pieces(line)]
    parted = _parted(pieces, _DEEPEST)
    if parted is None:
        return False
    page.lines = parted
    return True


def _stand_apart(lines: list[Line]) -> bool:
    """Whether something stands beside something else, in a line or a line left of the one before."""
    before = lines[0].box[0]
    for line in lines:
        box = line.box
        if line.gap or before > box[2]:
            return True
        before = box[0]
    return False


def _pieces(line: Line) -> list[Line]:
    """What stands between the gaps of a line."""
    if not line.gap or not line.words:
        return [line]
    cuts = [0, *(place + 1 for place, (word, other) in enumerate(pairwise(line.words)) if not _close(word, other))]
    pieces = []
    for start, end in pairwise([*cuts, len(line.words)]):
        words = line.words[start:end]
        left, right = min(word.left for word in words), max(word.right for word in words)
        box = Box(left, min(word.bottom for word in words), right, max(word.top for word in words))
        last = end == len(line.words)
        pieces.append(Line(line.text[words[0].start : words[-1].end], box, line.first, hyphen=last and line.hyphen))
    return pieces


def _close(word: Word, other: Word) -> bool:
    """Whether a word follows another on one line, no further than a few blanks away."""
    height = word.top - word.bottom
    apart = max(other.left - word.right, word.left - other.right)  # some lines run from right to left
    return -height <= apart <= height and abs(other.bottom - word.bottom) <= height / 2


def _parted(pieces: list[Line], deep: int) -> list[Line] | None:
    """The pieces column by column between the lines that go across; None where there are no such columns."""
    boxes = [piece.box for piece in pieces]
    edges = Counter([round(box[0] / _SAME_EDGE) for box in boxes])
    for edge, count in edges.most_common(4):
        start = edge * _SAME_EDGE - 2 * _SAME_EDGE
        if count < _FEWEST or not deep:
            continue
        sides = [-1 if box[2] < start else 1 if box[0] >= start else 0 for box in boxes]
        if min(sides.count(-1), sides.count(1)) < _FEWEST or not _are_out_of_order(pieces, sides):
            continue  # nearly all
        left = [piece for piece, side in zip(pieces, sides, strict=True) if side < 0]
        right = [piece for piece, side in zip(pieces, sides, strict=True) if side > 0]
        if _are_columns(left, right):
            return _in_order(pieces, sides, deep - 1)
    return None


def _are_out_of_order(pieces: list[Line], sides: list[int]) -> bool:
    if _alternate(sides):
        return True
    return _are_backwards(sides) and not any(_RIGHT_TO_LEFT.search(piece.text) for piece in pieces)


def _are_backwards(sides: list[int]) -> bool:
    """Whether all of the right side is written before the left, between lines that go across."""
    runs = [list(run) for across, run in groupby(sides, key=lambda side: side == 0) if not across]
    return any(run[0] != run[-1] for run in runs) and all(run == sorted(run, reverse=True) for run in runs)


def _alternate(sides: list[int]) -> bool:
    """Whether one writes here and there by turns, not one side after the other."""
    there = [side for side in sides if side]
    turns = sum(a != b for a, b in pairwise(there))
    return turns >= _FEWEST and turns >= 0.5 * min(there.count(-1), there.count(1))


def _are_columns(left: list[Line], right: list[Line]) -> bool:
    """Sentences on both sides, of about one width, down to about one end, without rows that stand apart on both."""
    for side in (left, right):
        if median(len(piece.text.split()) for piece in side) < _WORDS:
            return False
        widths = sorted(piece.box.right - piece.box.left for piece in side)
        if widths[len(widths) // 2] < 0.6 * widths[len(widths) * 9 // 10]:
            return False
    wide = [median(piece.box.right - piece.box.left for piece in side) for side in (left, right)]
    tall = [max(piece.box.top for piece in side) - min(piece.box.bottom for piece in side) for side in (left, right)]
    if max(wide) > 4 * min(wide) or min(tall) < 0.5 * max(tall):
        return False
    return not _are_rows(left, right)


def _are_rows(left: list[Line], right: list[Line]) -> bool:
    """Whether both sides have room above the same lines again and again, as rows of long cells have."""
    tops = [_apart(side) for side in (left, right)]
    shared = sum(any(abs(top - other) < 2 * _SAME_EDGE for other in tops[1]) for top in tops[0])
    return shared >= 3 and shared >= 0.5 * max(map(len, tops))


def _apart(side: list[Line]) -> list[float]:
    """Where lines begin that have more room above than most have."""
    middles = sorted((piece.box.middle for piece in side), reverse=True)
    steps = [(lower, upper - lower) for upper, lower in pairwise(middles) if upper - lower > _SAME_EDGE]
    usual = median([step for _, step in steps] or [0])
    return [lower for lower, step in steps if step > _ROOM * usual]


def _in_order(pieces: list[Line], sides: list[int], deep: int) -> list[Line]:
    ordered: list[Line] = []
    columns: dict[int, list[Line]] = {-1: [], 1: []}
    for piece, side in [*zip(pieces, sides, strict=True), (None, 0)]:
        if side and piece is not None:
            columns[side].append(piece)
            continue
        for column in columns.values():
            ordered += _parted(column, deep) or column
            column.clear()
        if piece is not None:
            ordered.append(piece)
    return ordered
