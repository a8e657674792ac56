"""Filled fields beside their labels, texts and comments between the lines where they stand. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.pages.page import Box, Line, Word

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.marks import Mark

__all__ = ["placed"]

_NEAR: Final = 24.0
"""How far a label may stand from its box, or above its field, in points."""


def placed(lines: list[Line], marks: list[Mark]) -> list[Line]:
    """The lines with what the marks say. Lines beside a field must know their words."""
    turns = [turn for turn, _ in Counter([line.quarters for line in lines]).most_common()] or [0]
    upright = [(turn, _upright(lines, turn)) for turn in turns]
    within: dict[int, list[tuple[int, float, str]]] = {}
    alone: list[Line] = []
    for mark in marks:
        if mark.kind in {"value", "box"}:
            said = " ".join(mark.text.split("\n"))
            found = next(filter(None, (_found(there, mark, turn) for turn, there in upright)), None)
            if found is not None:
                index, at, before = found
                within.setdefault(index, []).append((at, mark.box.left, f"{said} " if before else f" {said}"))
            elif said != "[ ]":
                alone.append(Line(f"{mark.label}: {said}" if mark.label else said, mark.box, quarters=turns[0]))
        else:
            head = f"Comment by {mark.label or 'somebody'}: " if mark.kind == "comment" else ""
            alone += [Line(text, mark.box, quarters=turns[0]) for text in f"{head}{mark.text}".split("\n")]
    lines = [_filled(line, within[index]) if index in within else line for index, line in enumerate(lines)]
    return _between(lines, alone, turns[0])


def _upright(lines: list[Line], quarters: int) -> list[Line]:
    """The lines that lie by so many quarter turns as if they stood upright, the others without words."""
    if not any(line.quarters or quarters for line in lines):
        return lines  # nearly all
    return [
        line._replace(
            box=line.box.turned_back(quarters),
            words=tuple(Word(*word[:2], *Box(*word[2:]).turned_back(quarters)) for word in line.words),
        )
        if line.quarters == quarters
        else line._replace(words=())
        for line in lines
    ]


def _found(lines: list[Line], mark: Mark, quarters: int) -> tuple[int, int, bool] | None:
    """The line, and the place in it, where a field stands among lines that were turned back by so many quarters."""
    mark = mark._replace(box=mark.box.turned_back(quarters))
    return _beside(lines, mark) or (None if mark.kind == "box" else _below(lines, mark))


def _filled(line: Line, insertions: list[tuple[int, float, str]]) -> Line:
    """The line with what is written into it. A label is parted from its value by a colon."""
    text = line.text
    last = -1
    for at, _, said in sorted(insertions, reverse=True):
        colon = ":" if said[0] == " " and at and text[at - 1].isalnum() else ""
        rest = text[at:].removeprefix(":") if at == last else text[at:]  # one colon for all that stand there
        text = text[:at] + colon + said + rest
        last = at
    return line._replace(text=text, words=())


def _beside(lines: list[Line], mark: Mark) -> tuple[int, int, bool] | None:
    """The line, and the place in it, where a mark stands: values behind the words left of it, a box before its own."""
    row = [
        (index, place) for index, line in enumerate(lines) if _level(line, mark.box) for place in range(len(line.words))
    ]
    left = [
        (mark.box.left - lines[index].words[place].right, index, place)
        for index, place in row
        if _middle(lines[index].words[place]) < mark.box.left
    ]
    nearest = min(left, default=None)
    if mark.kind == "value":
        return None if nearest is None else (nearest[1], lines[nearest[1]].words[nearest[2]].end, False)
    right = [
        (lines[index].words[place].left - mark.box.right, index, place)
        for index, place in row
        if _middle(lines[index].words[place]) > mark.box.right
    ]
    following = min(right, default=None)
    if following is not None and following[0] < _NEAR and (nearest is None or following[0] <= nearest[0]):
        return following[1], lines[following[1]].words[following[2]].start, True
    if nearest is None:
        return None
    return nearest[1], _first(lines[nearest[1]], nearest[2]).start, True


def _first(line: Line, place: int) -> Word:
    """The first of the words that end in this one and stand no further apart than words do."""
    words, apart = line.words, line.box.top - line.box.bottom
    while place and words[place].left - words[place - 1].right < apart:
        place -= 1
    return words[place]


def _below(lines: list[Line], mark: Mark) -> tuple[int, int, bool] | None:
    """The nearest line above a field, behind the words that stand over it."""
    over = [
        (line.box.bottom, -index)
        for index, line in enumerate(lines)
        if line.words and -4 <= line.box.bottom - mark.box.top < _NEAR
        if any(mark.box.left - 4 <= _middle(word) <= mark.box.right for word in line.words)
    ]
    if not over:
        return None
    index = -min(over)[1]
    word = [word for word in lines[index].words if mark.box.left - 4 <= _middle(word) <= mark.box.right][-1]
    return index, word.end, False


def _level(line: Line, box: Box) -> bool:
    return box.bottom - 2 <= line.box.middle <= box.top + 2


def _middle(word: Word) -> float:
    return (word.left + word.right) / 2


def _between(lines: list[Line], alone: list[Line], quarters: int) -> list[Line]:
    """Further lines, each behind the nearest line above it, as those see it that lie by so many quarter turns."""
    after: dict[int, list[Line]] = {}
    middles = [line.box.turned_back(quarters).middle for line in lines] if alone else []
    for line in alone:
        middle = line.box.turned_back(quarters).middle
        above = [(other, -index) for index, other in enumerate(middles) if other >= middle]
        after.setdefault(-min(above)[1] if above else -1, []).append(line)
    for found in after.values():
        found.sort(key=lambda line: -line.box.turned_back(quarters).top)
    return [*after.get(-1, ()), *(out for index, line in enumerate(lines) for out in (line, *after.get(index, ())))]
