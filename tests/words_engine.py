"""An engine with a sparse and a late model that can be reasoned about: `terms` counts words, `tokens` has a vector a word.

Its embedding model is the weightless one.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from embedingest.config import EngineConfig
from embedingest.engine.local import LocalEngine
from embedingest.types import ModelInfo

WIDTH = 8
MOST_WORDS = 100
HASHING = LocalEngine(EngineConfig(threads=1))


def words_of(text: str) -> list[str]:
    """The words that the models know, at most so many as fit."""
    return [word.strip(".,:;#()`?!").lower() for word in text.split()][:MOST_WORDS]


def token_of(word: str) -> int:
    """The number of a word in the vocabulary."""
    return zlib.crc32(word.encode()) % 30_000


def vector_of(word: str) -> np.ndarray:
    """The vector of a word, (WIDTH,) of length 1."""
    vector = np.random.default_rng(token_of(word)).normal(size=WIDTH).astype(np.float32)
    return vector / np.linalg.norm(vector)


def offsets_of(parts: list[Any]) -> np.ndarray:
    return np.cumsum([0, *map(len, parts)], dtype=np.int64)


@dataclass(frozen=True)
class Weights:
    """What `SparseEmbeddings` are."""

    offsets: np.ndarray
    tokens: np.ndarray
    weights: np.ndarray
    token_counts: np.ndarray
    truncated: tuple[int, ...]
    fingerprint: str = "terms-1"


@dataclass(frozen=True)
class TokenVectors:
    """What `LateEmbeddings` are."""

    offsets: np.ndarray
    vectors: np.ndarray
    token_counts: np.ndarray
    truncated: tuple[int, ...]
    fingerprint: str = "tokens-1"


class WordsEngine:
    """`texts` are those that each model was asked for since it was cleared, by model."""

    def __init__(self, engine: Any = HASHING) -> None:
        self.engine = engine
        self.asked: list[tuple[str, str]] = []
        self.fingerprints = {"terms": "terms-1", "tokens": "tokens-1"}

    def __call__(self) -> WordsEngine:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    @property
    def texts(self) -> list[tuple[str, str]]:
        return self.asked

    def describe(self, model: str) -> ModelInfo:
        info = self.engine.describe("hashing" if model in self.fingerprints else model)
        if model not in self.fingerprints:
            return info
        fingerprint = self.fingerprints[model]
        if fingerprint.startswith("terms"):
            return replace(info, name=model, fingerprint=fingerprint, kind="sparse", dimensions=30_000)
        return replace(info, name=model, fingerprint=fingerprint, kind="late", dimensions=WIDTH)

    def embed(self, texts: Any, **options: Any) -> Any:
        self.asked += [("vector", text) for text in texts]
        return self.engine.embed(texts, **options)

    def embed_sparse(
        self, texts: Any, *, model: str, role: str, truncate: bool = True, priority: str = "bulk"
    ) -> Weights:
        self.asked += [("sparse", text) for text in texts]
        found = [dict.fromkeys(map(token_of, words_of(text)), 0) for text in texts]
        for counts, text in zip(found, texts, strict=True):
            for word in words_of(text):
                counts[token_of(word)] += 1
        terms = [sorted(counts.items()) for counts in found]
        flat = [term for some in terms for term in some]
        return Weights(
            offsets_of(terms),
            np.array([token for token, _ in flat], np.int32),
            1 + np.log(np.array([count for _, count in flat], np.float32)),
            np.array([len(words_of(text)) for text in texts], np.int64),
            tuple(i for i, text in enumerate(texts) if len(text.split()) > MOST_WORDS),
            "terms-1",
        )

    def embed_late(
        self, texts: Any, *, model: str, role: str, truncate: bool = True, priority: str = "bulk"
    ) -> TokenVectors:
        self.asked += [("late", text) for text in texts]
        words = [words_of(text) for text in texts]
        vectors = [vector_of(word) for some in words for word in some]
        return TokenVectors(
            offsets_of(words),
            np.array(vectors, np.float32).reshape(-1, WIDTH),
            np.array([len(some) for some in words], np.int64),
            (),
            "tokens-1",
        )

    async def aembed_sparse(self, texts: Any, **options: Any) -> Weights:
        return self.embed_sparse(texts, **options)

    async def aembed_late(self, texts: Any, **options: Any) -> TokenVectors:
        return self.embed_late(texts, **options)
