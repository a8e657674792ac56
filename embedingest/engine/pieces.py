"""The tokens of the hashing encoder: pieces of words that spell themselves. Imports no numpy: workers load it to count.

A token is an int of 63 bits: at most 7 bytes of a word, and how they stand to what is before them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONTINUES", "GLUED", "HashingSizer", "pieces", "spelled"]

CONTINUES: Final = 1 << 62
"""This piece goes on with the word before it."""

GLUED: Final = 1 << 61
"""No white space stood before this word."""

_WORD: Final = re.compile(r"\w[\w\u0300-\u036f]*|[^\w\s]")  # a letter keeps its combining accents
_PIECE_BYTES: Final = 7


@dataclass(frozen=True, slots=True)
class HashingSizer:
    """Counts this encoder's tokens; picklable."""

    capacity: int

    def count(self, text: str) -> int:
        return sum(1 for _ in pieces(text))

    def starts(self, text: str) -> list[int]:
        return [start for _, start in pieces(text)]


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Each token id with the character offset at which it starts."""
    previous_end = 0
    for match in _WORD.finditer(text):
        flag = GLUED if match.start() == previous_end and previous_end else 0
        previous_end = match.end()
        for piece, offset in _split(match.group()):
            yield _spell(piece) | flag, match.start() + offset
            flag = CONTINUES


def _split(word: str) -> Iterator[tuple[bytes, int]]:
    if len(word) <= _PIECE_BYTES and word.isascii():
        yield word.encode(), 0
        return
    piece, start = b"", 0
    for offset, character in enumerate(word):
        # Lone surrogates are spelled too: an encoder never fails for what a text holds.
        data = character.encode("utf-8", "surrogatepass")
        if len(piece) + len(data) > _PIECE_BYTES:
            yield piece, start
            piece, start = b"", offset
        piece += data
    yield piece, start


def _spell(piece: bytes) -> int:
    return int.from_bytes(b"\x01" + piece, "big")  # the leading 1 keeps zero bytes


def spelled(token: int) -> str:
    """The part of a word that this token is."""
    number = token & ~(CONTINUES | GLUED)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return data[1:].decode("utf-8", "surrogatepass")
