"""How many tokens lie between two places of a text, from one tokenisation of the whole. Knows no structure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from embedingest.ingest.chunk.emit import trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.types import Sizer

__all__ = ["Ruler", "is_at_blank", "is_blank_ended"]

_WINDOW: Final = 8192
_SLACK: Final = 0.92
_NEAR: Final = 16
_BLANKS: Final = " \t\n\r"


def is_at_blank(text: str, offset: int) -> bool:
    """Whether a text is cut at a blank by this place of it: where `parts_at_blanks` says what the parts have."""
    return not 0 < offset < len(text) or text[offset] in _BLANKS or text[offset - 1] in _BLANKS


def is_blank_ended(head: str) -> bool:
    """Whether what stands before a text, if anything does, is parted from it by a blank."""
    return not head or head[-1] in _BLANKS


class Ruler:
    """Token positions in a text.

    The text is tokenised once, in windows that end with a line (tokenizers slow down on long inputs). Where a
    slice's own tokenisation may differ from its part of the whole, `fits` asks the sizer itself; one that
    `parts_at_blanks` (see `TokenSource`) is not asked again about what is cut there.
    """

    def __init__(self, text: str, sizer: Sizer, *, trim: bool = True) -> None:
        self._text = text
        self._sizer = sizer
        self._trim = trim
        self._is_exact = getattr(sizer, "parts_at_blanks", False)
        self._starts = array("I")
        offset = 0
        while offset < len(text):
            end = _window_end(text, offset)
            self._starts.extend(map(offset.__add__, sizer.starts(text[offset:end])))
            offset = end

    def position(self, offset: int, after: int = 0) -> int:
        """How many tokens start before `offset`: at least `after`, and quickly found where it is little more."""
        starts, near = self._starts, after + _NEAR
        if after and near < len(starts) and starts[near] >= offset:
            return bisect_left(starts, offset, after, near)
        return bisect_left(starts, offset, after)

    def positions(self, offsets: Sequence[int]) -> list[int]:
        """The position of each of `offsets`, which ascend."""
        positions, position = [], 0
        for offset in offsets:
            position = self.position(offset, position)
            positions.append(position)
        return positions

    def size(self, start: int, end: int) -> int:
        """About how many tokens `text[start:end]` has; exact where it is cut between words."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def offset(self, position: int) -> int:
        """Where the token of this position starts; the end of the text after the last."""
        return self._starts[position] if position < len(self._starts) else len(self._text)

    def fits(self, start: int, end: int, capacity: int, prefix: str = "") -> bool:
        """Whether `text[start:end]` has at most `capacity` tokens, and the sizer's own capacity with `prefix`."""
        estimate = self.size(start, end)
        whole = self._text
        if self._is_exact and is_at_blank(whole, start) and is_at_blank(whole, end) and is_blank_ended(prefix):
            return estimate <= capacity and (not prefix or self._sizer.count(prefix) + estimate <= self._sizer.capacity)
        if estimate <= capacity * _SLACK and self._between_words(start) and self._between_words(end):
            return True
        if self._trim:
            start, end = trimmed(whole, start, end)
        text = whole[start:end]
        if self._sizer.count(text) > capacity:
            return False
        return not prefix or self._sizer.count(prefix + text) <= self._sizer.capacity

    def _between_words(self, offset: int) -> bool:
        text = self._text
        return offset in {0, len(text)} or text[offset].isspace() or text[offset - 1].isspace()


def _window_end(text: str, offset: int) -> int:
    end = offset + _WINDOW
    if end >= len(text):
        return len(text)
    for mark in ("\n", " "):
        place = text.rfind(mark, offset + _WINDOW // 2, end)
        if place >= 0:
            return place + 1
    place = text.find(" ", end, end + _WINDOW)  # a very long word stays one word
    return place + 1 if place >= 0 else end + _WINDOW
