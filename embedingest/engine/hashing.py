"""A weightless encoder: words and their letter groups, hashed into signed buckets. Knows no files and no torch.

Texts that share words, or parts of words, get near vectors. Good for tests, demos and keyword-like search.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from pydantic import Field

from embedingest.engine.pieces import CONTINUES, GLUED, HashingSizer, first_tokens, spelled, tokens_of

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
        return [tokens_of(text) for text in texts]

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        return first_tokens(text, most)

    def detokenize(self, tokens: TokenIds) -> str:
        """The words again; runs of white space come back as one space."""
        parts: list[str] = []
        for token in tokens:
            if parts and not token & (CONTINUES | GLUED):
                parts.append(" ")
            parts.append(spelled(token))
        return "".join(parts)

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Bucket sums, float32 (N, D). A text without tokens gives a zero row."""
        vectors = np.zeros((len(batch), self.dimensions), dtype=np.float32)
        for i, tokens in enumerate(batch):
            vectors[i] = self._sum(Counter(_words(tokens)))
        return vectors

    def _sum(self, words: Counter[str]) -> NDArray[np.float32]:
        if not words:
            return np.zeros(self.dimensions, dtype=np.float32)
        features = [_features(word, self.dimensions) for word in words]
        times = np.repeat(1.0 + np.log(list(words.values())), [len(buckets) for buckets, _ in features])
        weights = np.concatenate([weights for _, weights in features]) * times
        buckets = np.concatenate([buckets for buckets, _ in features])
        return np.bincount(buckets, weights, self.dimensions).astype(np.float32)

    def sizer(self, capacity: int) -> HashingSizer:
        return HashingSizer(capacity)

    def close(self) -> None:
        """Nothing to give back."""


def _words(tokens: Iterable[int]) -> Iterator[str]:
    words: list[str] = []
    for token in tokens:
        if token & CONTINUES and words:
            words[-1] += _folded(token)
        else:
            words.append(_folded(token))
    return filter(None, (word if word.isascii() else unicodedata.normalize("NFC", word) for word in words))


@lru_cache(maxsize=8_192)
def _folded(token: int) -> str:
    return spelled(token).casefold()


@lru_cache(maxsize=8_192)
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
