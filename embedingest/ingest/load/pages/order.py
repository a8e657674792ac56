"""Lines in the order in which they are read, where they were drawn in another. Pure.

What was drawn later is read later, but for what stands above: a head that was drawn last, a foot that was drawn first,
paragraphs from the bottom to the top. Columns stand beside one another, so that none is above another, and keep their
order; so do cells.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from operator import ge, itemgetter, sub
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.page import Line, Page

__all__ = ["put_in_order"]

_MOST_BLOCKS: Final = 200
"""A page of more pieces is a drawing, or a form, whose order means little; their pairs are looked at."""

_SHARED: Final = 0.2
"""What share of the narrower of two pieces must stand over the other."""

_BOX: Final = itemgetter(1)
_new: Final = tuple.__new__
"""Makes a named tuple, in half the time that calling it takes."""

_STEP: Final = 0.8
"""How far the middles of two lines are apart, in heights, for one to stand above the other."""


_FIRST: Final = 4
"""How many pieces heads and feet of a page are, where these are drawn before all else."""

_APART: Final = 2.0
"""How far a foot stands below the last line, in heights."""


class _Block(NamedTuple):
    """Lines that follow one another downwards. `high` and `low` are the middles of its outermost lines.

    Lines whose letters lie turned have their places as if the page were turned back.
    """

    lines: list[Line]
    left: float
    right: float
    high: float
    low: float
    height: float
    quarters: int


def put_in_order(page: Page) -> bool:
    """Put what stands above before what stands below it; whether there was anything to do."""
    if page.downwards:
        return False
    upright = [line._replace(box=line.box.turned_back(line.quarters)) if line[6] else line for line in page.lines]
    feet = [line[1][1] for line in upright]
    if all(map(ge, feet, feet[1:])):
        return False
    blocks = _blocks(upright)
    if len(blocks) > _MOST_BLOCKS:
        return False
    blocks = _cut(blocks)
    if len(blocks) > _MOST_BLOCKS or not _out_of_order(blocks):
        return False
    written = {id(line): as_written for line, as_written in zip(upright, page.lines, strict=True)}
    page.lines = [written[id(line)] for block in _sorted(blocks) for line in block.lines]
    return True


def _blocks(lines: list[Line]) -> list[_Block]:
    runs = [[lines[0]]]
    west, low, east, high = lines[0].box
    quarters = lines[0].quarters
    for line in lines[1:]:
        _, (left, bottom, right, top), _, _, _, _, turned = line
        if bottom + top < low + high and left < east and west < right and turned == quarters:
            runs[-1].append(line)
        else:
            runs.append([line])
        west, low, east, high, quarters = left, bottom, right, top, turned
    return [_block(run) for run in runs]


def _block(run: list[Line]) -> _Block:
    lefts, bottoms, rights, tops = zip(*map(_BOX, run), strict=True)
    height = min(map(sub, tops, bottoms))
    high, low = (bottoms[0] + tops[0]) / 2, (bottoms[-1] + tops[-1]) / 2
    return _new(_Block, (run, min(lefts), max(rights), high, low, height, run[0][6]))


def _out_of_order(blocks: list[_Block]) -> bool:
    return any(_above(later, block) for place, block in enumerate(blocks) for later in blocks[place + 1 :])


def _above(one: _Block, other: _Block) -> bool:
    """Whether a piece stands above another, both in one column."""
    if one.low - other.high <= _STEP * min(one.height, other.height):
        return False
    return _share_column(one, other)


def _share_column(one: _Block, other: _Block) -> bool:
    if one.quarters != other.quarters:
        return False
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared > _SHARED * min(one.right - one.left, other.right - other.left)


def _cut(blocks: list[_Block]) -> list[_Block]:
    """The pieces, parted where a line of another stands between two of theirs."""
    cut = []
    for block in blocks:
        between = sorted(
            [
                (box[1] + box[3]) / 2
                for other in blocks
                if other is not block
                and other.low < block.high
                and other.high > block.low
                and _share_column(other, block)
                for box in map(_BOX, other.lines)
            ]
        )
        if not between:
            cut.append(block)
            continue
        runs = [[block.lines[0]]]
        for before, line in pairwise(block.lines):
            first = bisect_left(between, line.box.top)
            if first < len(between) and between[first] <= before.box.bottom:
                runs.append([line])
            else:
                runs[-1].append(line)
        cut += [block] if len(runs) == 1 else [_block(run) for run in runs]
    return cut


def _sorted(blocks: list[_Block]) -> list[_Block]:
    """Each piece behind all that stand above it, else as it was drawn."""
    ordered: dict[int, _Block] = {}
    above = [iter([place for place, other in enumerate(blocks) if _above(other, block)]) for block in blocks]
    for first in range(len(blocks)):
        waiting = [first]
        while waiting:  # nothing stands above itself, directly or through others: middles differ
            place = next((place for place in above[waiting[-1]] if place not in ordered), None)
            if place is not None:
                waiting.append(place)
            else:
                last = waiting.pop()
                ordered[last] = blocks[last]
    feet = [place for place in range(min(_FIRST, len(blocks))) if _is_foot(place, blocks)]
    return [block for place, block in ordered.items() if place not in feet] + [blocks[place] for place in feet]


def _is_foot(place: int, blocks: list[_Block]) -> bool:
    """Whether a piece was drawn before what stands above it, and stands well below all of the page but other such.

    It waits for what is in its column already; what is short, at the left of a page, is not.
    """
    foot = blocks[place]
    if not any(_above(later, foot) for later in blocks[place + 1 :]):
        return False
    return all(
        other.low - foot.high > _APART * foot.height
        or (number < _FIRST and abs(other.high - foot.high) < _STEP * foot.height)
        for number, other in enumerate(blocks)
        if number != place
    )
