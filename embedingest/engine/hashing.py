"""A weightless encoder: words and their letter groups, hashed into signed buckets. Knows no files and no torch.

Texts that share words, or parts of words, get near vectors. Good for tests, demos and keyword-like search.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["DIMENSIONS", "MAX_TOKENS", "HashingEncoder", "HashingSizer", "create"]

DIMENSIONS: Final = 256
MAX_TOKENS: Final = 512
_CONTEXT_TOKENS: Final = 8192

_VERSION: Final = 1
_WORD: Final = re.compile(r"\w[\w\u0300-\u036f]*|[^\w\s]")  # a letter keeps its combining accents
_PIECE_BYTES: Final = 7
_CONTINUES: Final = 1 << 62  # this piece goes on with the word before it
_GLUED: Final = 1 << 61  # no white space stood before this word
_NGRAM_LETTERS: Final = (3, 4, 5)
_NGRAM_WEIGHT: Final = 0.35
_SYMBOL_WEIGHT: Final = 0.05


def create(
    folder: ModelFolder | None = None,  # noqa: ARG001 -- there are no files to read
    settings: ModelConfig | None = None,
    *,
    dimensions: Annotated[int, Field(ge=1, le=65_536)] = DIMENSIONS,
) -> HashingEncoder:
    """The encoder of `--model hashing`. `dimensions` sets D."""
    limit = None if settings is None else settings.max_tokens
    return HashingEncoder(dimensions=dimensions, max_tokens=limit or MAX_TOKENS)


class HashingEncoder:
    """Signed feature hashing over words and their 3 to 5 letter groups, with a reversible tokenizer of its own."""

    def __init__(self, *, dimensions: int = DIMENSIONS, max_tokens: int = MAX_TOKENS) -> None:
        if dimensions < 1 or max_tokens < 1:
            raise ValueError(f"dimensions and max_tokens must be positive: {dimensions}, {max_tokens}")
        self.dimensions = dimensions
        self.max_tokens = max_tokens
        self.context_length = max(max_tokens, _CONTEXT_TOKENS)
        self.special_tokens = 0
        self.fingerprint = f"hashing-{_VERSION}-{dimensions}:exact"
        self.size_bytes = 0
        self.parallel = 1

    @property
    def runtime(self) -> dict[str, str]:
        return {"runtime": "hashing", "precision": "fp32", "device": "cpu"}

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        """Pieces of at most 7 bytes, each spelled by its own id (an int of 63 bits)."""
        return [[piece for piece, _ in _pieces(text)] for text in texts]

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        return [piece for piece, _ in islice(_pieces(text), most)]

    def detokenize(self, tokens: TokenIds) -> str:
        """The words again; runs of white space come back as one space."""
        parts: list[str] = []
        for token in tokens:
            if parts and not token & (_CONTINUES | _GLUED):
                parts.append(" ")
            parts.append(_spelled(token))
        return "".join(parts)

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Bucket sums, float32 (N, D). A text without tokens gives a zero row."""
        vectors = np.zeros((len(batch), self.dimensions), dtype=np.float32)
        for i, tokens in enumerate(batch):
            vectors[i] = self._sum(Counter(_words(tokens)))
        return vectors

    def _sum(self, words: Counter[str]) -> NDArray[np.float32]:
        total = np.zeros(self.dimensions, dtype=np.float32)
        for word, times in words.items():
            buckets, weights = _features(word, self.dimensions)
            np.add.at(total, buckets, weights * np.float32(1.0 + math.log(times)))
        return total

    def sizer(self, capacity: int) -> HashingSizer:
        return HashingSizer(capacity)

    def close(self) -> None:
        """Nothing to give back."""


@dataclass(frozen=True, slots=True)
class HashingSizer:
    """Counts this encoder's tokens; picklable."""

    capacity: int

    def count(self, text: str) -> int:
        return sum(1 for _ in _pieces(text))

    def starts(self, text: str) -> list[int]:
        return [start for _, start in _pieces(text)]


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Each token id with the character offset at which it starts."""
    previous_end = 0
    for match in _WORD.finditer(text):
        flag = _GLUED if match.start() == previous_end and previous_end else 0
        previous_end = match.end()
        for piece, offset in _split(match.group()):
            yield _spell(piece) | flag, match.start() + offset
            flag = _CONTINUES


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


def _spelled(token: int) -> str:
    number = token & ~(_CONTINUES | _GLUED)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return data[1:].decode("utf-8", "surrogatepass")


def _words(tokens: Iterable[int]) -> Iterator[str]:
    word = ""
    for token in tokens:
        if word and not token & _CONTINUES:
            yield unicodedata.normalize("NFC", word.casefold())
            word = ""
        word += _spelled(token)
    if word:
        yield unicodedata.normalize("NFC", word.casefold())


@lru_cache(maxsize=32_768)
def _features(word: str, dimensions: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Buckets and signed weights of one word: itself, and its letter groups with less weight."""
    if not word[0].isalnum():
        names, weights = [word], [_SYMBOL_WEIGHT]
    else:
        groups = _groups(word)
        # Short words are mostly articles, prepositions and the like: they weigh less.
        own = min(1.0, 0.25 * len(word))
        share = own * _NGRAM_WEIGHT / math.sqrt(len(groups)) if groups else 0.0
        names, weights = [f"w:{word}", *groups], [own, *[share] * len(groups)]
    digests = [int.from_bytes(_digest(name), "big") for name in names]
    buckets = np.array([d % dimensions for d in digests], dtype=np.intp)
    signs = np.array([1.0 if d >> 63 else -1.0 for d in digests], dtype=np.float32)
    return buckets, signs * np.array(weights, dtype=np.float32)


def _groups(word: str) -> list[str]:
    edged = f"<{word[:64]}>"
    return [edged[i : i + n] for n in _NGRAM_LETTERS for i in range(len(edged) - n + 1) if len(word) > n - 2]


def _digest(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
