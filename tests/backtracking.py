"""Counts the steps that a regular expression takes, as a matcher that backtracks takes them, on texts made of its own pieces.

Steps, not seconds: the same on every machine. `growth` finds expressions whose steps grow faster than their text.
"""

from __future__ import annotations

import itertools
import math
import re
import sys
from re import _constants as ops  # type: ignore[attr-defined]  # the only description of an expression there is
from re import _parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["growth"]

_LENGTH = 24
_MOST = 20_000
_MOST_SAMPLES = 12
_CATEGORIES = {
    ops.CATEGORY_DIGIT: str.isdecimal,
    ops.CATEGORY_NOT_DIGIT: lambda letter: not letter.isdecimal(),
    ops.CATEGORY_SPACE: str.isspace,
    ops.CATEGORY_NOT_SPACE: lambda letter: not letter.isspace(),
    ops.CATEGORY_WORD: lambda letter: letter.isalnum() or letter == "_",
    ops.CATEGORY_NOT_WORD: lambda letter: not (letter.isalnum() or letter == "_"),
}
_LETTERS = " \t\na0_A.,-#\"'\\/[]{}()<>$%!:;=*+é一\u0301\ud800\x00~`|&@^?"


class _Enough(Exception):
    """More steps than any linear expression takes."""


class _Matcher:
    def __init__(self, text: str) -> None:
        self.text, self.steps = text, 0
        self.groups: dict[int, tuple[int, int]] = {}

    def ends(self, sequence: Any, at: int, place: int) -> Iterator[int]:
        """Where `sequence[at:]` may end when it begins at `place`, in the order in which they are tried."""
        if at == len(sequence):
            yield place
            return
        for end in self.one(*sequence[at], place):
            yield from self.ends(sequence, at + 1, end)

    def one(self, op: Any, value: Any, place: int) -> Iterator[int]:
        self.steps += 1
        if self.steps >= _MOST:
            raise _Enough
        if op in {ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN}:
            if place < len(self.text) and _takes(op, value, self.text[place]):
                yield place + 1
        elif op is ops.BRANCH:
            for branch in value[1]:
                yield from self.ends(branch, 0, place)
        elif op is ops.SUBPATTERN:
            for end in self.ends(value[3], 0, place):
                self.groups[value[0]] = (place, end)
                yield end
        elif op in {ops.MAX_REPEAT, ops.MIN_REPEAT}:
            yield from self.repeats(value, place, 0, greedy=op is ops.MAX_REPEAT)
        elif op is ops.POSSESSIVE_REPEAT:
            yield from itertools.islice(self.all_of(value, place), 1)
        elif op is ops.ATOMIC_GROUP:
            yield from itertools.islice(self.ends(value, 0, place), 1)
        else:
            yield from self.without_length(op, value, place)

    def repeats(self, value: Any, place: int, done: int, *, greedy: bool) -> Iterator[int]:
        least, most, body = value
        if not greedy and done >= least:
            yield place
        if done < most:
            for end in self.ends(body, 0, place):
                if end > place or done < least:
                    yield from self.repeats(value, end, done + 1, greedy=greedy)
        if greedy and done >= least:
            yield place

    def all_of(self, value: Any, place: int) -> Iterator[int]:
        least, most, body = value
        done = 0
        while done < most and (end := next(self.ends(body, 0, place), None)) is not None and (end > place or not done):
            place, done = end, done + 1
        if done >= least:
            yield place

    def without_length(self, op: Any, value: Any, place: int) -> Iterator[int]:
        if op is ops.GROUPREF:
            begin, end = self.groups.get(value, (0, 0))
            word = self.text[begin:end]
            self.steps += len(word)
            if self.text.startswith(word, place):
                yield place + len(word)
        elif op in {ops.ASSERT, ops.ASSERT_NOT}:
            found = False
            if value[0] > 0:
                found = next(self.ends(value[1], 0, place), None) is not None
            else:
                width = value[1].getwidth()[0]
                found = place >= width and place in self.ends(value[1], 0, place - width)
            if found == (op is ops.ASSERT):
                yield place
        elif op is ops.AT:
            text = self.text
            holds = {
                ops.AT_BEGINNING: place == 0,
                ops.AT_BEGINNING_STRING: place == 0,
                ops.AT_BEGINNING_LINE: place == 0 or text[place - 1] == "\n",
                ops.AT_END: place >= len(text) or text[place:] == "\n",
                ops.AT_END_LINE: place == len(text) or text[place] == "\n",
                ops.AT_END_STRING: place == len(text),
            }
            if holds.get(value, True):
                yield place
        else:
            raise NotImplementedError(op)


def _takes(op: Any, value: Any, letter: str) -> bool:
    if op is ops.ANY:
        return True
    if op is not ops.IN:
        return (ord(letter) == value) == (op is ops.LITERAL)
    negated = value[0][0] is ops.NEGATE
    for kind, what in value[negated:]:
        if (
            (kind is ops.LITERAL and ord(letter) == what)
            or (kind is ops.RANGE and what[0] <= ord(letter) <= what[1])
            or (kind is ops.CATEGORY and _CATEGORIES[what](letter))
        ):
            return not negated
    return negated


def _samples(sequence: Any) -> list[str]:
    """Short texts that a sequence takes, or nearly."""
    found = [""]
    for op, value in sequence:
        found = [begin + more for begin in found for more in _of_one(op, value)][:_MOST_SAMPLES]
    return found


def _of_one(op: Any, value: Any) -> list[str]:
    if op in {ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN}:
        taken = [chr(value)] if op is ops.LITERAL else [c for c in _LETTERS if _takes(op, value, c)]
        if op is ops.IN and not taken:
            taken = [chr(what if kind is ops.LITERAL else what[0]) for kind, what in value if kind is not ops.NEGATE]
        return taken[:3]
    if op is ops.BRANCH:
        return [text for branch in value[1] for text in _samples(branch)[:3]]
    if op is ops.SUBPATTERN:
        return _samples(value[3])[:4]
    if op is ops.ATOMIC_GROUP:
        return _samples(value)[:4]
    if op in {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}:
        once = _samples(value[2])[:3]
        return [text * max(1, value[0]) for text in once] + ([""] if value[0] == 0 else [])
    return [""]


def _pumped(sequence: Any) -> Iterator[tuple[str, str]]:
    """A beginning, and what is said again and again behind it."""
    parts = list(sequence)
    pieces = {text for part in _inner(parts) for text in _samples(part)[:2]} | {" ", "a", "\n"}
    heads = {_samples(parts[:count])[0] for count in range(len(parts) + 1) if _samples(parts[:count])}
    return itertools.product(sorted(heads), sorted(filter(None, pieces)))


def _inner(sequence: Any, before: tuple[Any, ...] = ()) -> Iterator[Any]:
    """All beginnings of a sequence, those that end inside of what it holds too, and its single items."""
    sequence = tuple(sequence)
    bodies = {ops.BRANCH: lambda v: v[1], ops.SUBPATTERN: lambda v: [v[3]], ops.ATOMIC_GROUP: lambda v: [v]}
    for place, (op, value) in enumerate(sequence):
        yield [(op, value)]
        yield [*before, *sequence[: place + 1]]
        repeated = op in {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}
        for body in [value[2]] if repeated else bodies.get(op, lambda _: [])(value):
            yield from _inner(body, ())
            yield from _inner(body, (*before, *sequence[:place]))


def _steps(tree: Any, text: str, how: str) -> int:
    """Steps of one call: `search` stands for all that begin at every place, until the text is read."""
    matcher, place = _Matcher(text), 0
    try:
        while place <= len(text):
            ends = matcher.ends(tree, 0, place)
            end = next((end for end in ends if how != "fullmatch" or end == len(text)), None)
            if how != "search":
                break
            place = max(place + 1, end or 0)
    except _Enough:
        return _MOST
    return matcher.steps


def growth(pattern: str | bytes, flags: int = 0, how: str = "search", most: int = sys.maxsize) -> tuple[float, str]:
    """How much the steps grow where the text is twice as long (2 is linear), at worst; and that text's beginning.

    Of more than `most` texts every so many-th is tried.
    """
    tree = _parser.parse(pattern, flags & ~re.DEBUG)
    worst, text = 0.0, ""
    texts = list(_pumped(tree))
    for head, piece in texts[:: 1 + len(texts) // most]:
        for tail in ("", "\0"):
            count = max(10, _LENGTH // len(piece))
            short = _steps(tree, head + piece * count + tail, how)
            long = _steps(tree, head + piece * (2 * count) + tail, how) if 3 * _LENGTH < short < _MOST else 0
            if max(short, long) >= _MOST:
                return math.inf, head + piece * 3
            if long / short > worst:
                worst, text = long / short, head + piece * 3
    return worst, text
