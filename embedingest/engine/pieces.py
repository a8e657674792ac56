"""The tokens of the hashing encoder: pieces of words that spell themselves. Imports no numpy: workers load it to count.

A token is an int of 63 bits: at most 7 bytes of a word, and how they stand to what is before them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CONTINUES", "GLUED", "HashingSizer", "first_tokens", "spelled", "tokens_of"]

CONTINUES: Final = 1 << 62
"""This piece goes on with the word before it."""

GLUED: Final = 1 << 61
"""No white space stood before this word."""

# A word or a sign with the white space before it; these tile a text. A letter keeps its combining accents.
_WORD: Final = re.compile(r"\s*(?:\w[\w\u0300-\u036f]*|[^\w\s]|\Z)")
_PIECE_BYTES: Final = 7
# What these are cut into where a letter is a byte.
_ASCII_PIECE: Final = re.compile(rf"\w{{1,{_PIECE_BYTES}}}|[^\w\s]")
_KEPT_WORDS: Final = 8_192
_KEPT_LETTERS: Final = 64


@dataclass(frozen=True, slots=True)
class HashingSizer:
    """Counts this encoder's tokens; picklable."""

    capacity: int

    def count(self, text: str) -> int:
        if text.isascii():
            return len(_ASCII_PIECE.findall(text))
        return sum(map(len, _starts(_WORD.findall(text))))

    def starts(self, text: str) -> list[int]:
        if text.isascii():
            return [piece.start() for piece in _ASCII_PIECE.finditer(text)]
        words = _WORD.findall(text)
        ends = accumulate(map(len, words), initial=0)
        return [at + start for at, starts in zip(ends, _starts(words), strict=False) for start in starts]


def tokens_of(text: str) -> list[int]:
    """The token ids of a text."""
    return _unglued(list(chain.from_iterable(_tokens(_WORD.findall(text)))), text)


def first_tokens(text: str, most: int) -> list[int]:
    """The first tokens of a text, without looking at the rest of it."""
    tokens: list[int] = []
    for match in _WORD.finditer(text):
        tokens.extend(*_tokens([match.group()]))
        if len(tokens) >= most:
            break
    return _unglued(tokens[:most], text)


def _unglued(tokens: list[int], text: str) -> list[int]:
    """The first word of a text is glued to nothing."""
    if tokens and not text[0].isspace():
        tokens[0] &= ~GLUED
    return tokens


def _remembered(function: Callable[[str], tuple[int, ...]]) -> Callable[[list[str]], Iterator[tuple[int, ...]]]:
    """The function for each of some words: of most texts few are not among the last thousands, save very long ones."""
    kept = lru_cache(_KEPT_WORDS)(function)

    def each(words: list[str]) -> Iterator[tuple[int, ...]]:
        return map(kept if max(map(len, words)) <= _KEPT_LETTERS else function, words)

    return each


@_remembered
def _starts(word: str) -> tuple[int, ...]:
    return tuple(start for _, start in _pieces(word))


@_remembered
def _tokens(word: str) -> tuple[int, ...]:
    flag, tokens = GLUED if word and not word[0].isspace() else 0, []
    for piece, _ in _pieces(word):
        tokens.append(_spell(piece) | flag)
        flag = CONTINUES
    return tuple(tokens)


def _pieces(word: str) -> Iterator[tuple[bytes, int]]:
    """The pieces of a word that white space may stand before, each with the offset at which it starts."""
    bare = word.lstrip()
    at = len(word) - len(bare)
    piece, start = b"", at
    for offset, character in enumerate(bare, at):
        # Lone surrogates are spelled too: an encoder never fails for what a text holds.
        data = character.encode("utf-8", "surrogatepass")
        if len(piece) + len(data) > _PIECE_BYTES:
            yield piece, start
            piece, start = b"", offset
        piece += data
    if piece:
        yield piece, start


def _spell(piece: bytes) -> int:
    return int.from_bytes(b"\x01" + piece, "big")  # the leading 1 keeps zero bytes


def spelled(token: int) -> str:
    """The part of a word that this token is."""
    number = token & ~(CONTINUES | GLUED)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return data[1:].decode("utf-8", "surrogatepass")
