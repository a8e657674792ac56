"""Encoders for tests: real implementations of the seam whose answers can be read off the tokens."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from embedingest.engine.hashing import HashingSizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


class CountingEncoder:
    """Row of a text: (number of tokens, sum of tokens, 1). Remembers its batches; `before` runs ahead of each."""

    dimensions = 3
    max_tokens = 512
    context_length = 512
    special_tokens = 0
    fingerprint = "counting:exact"
    size_bytes = 0

    def __init__(self, before: Callable[[list[list[int]]], None] | None = None, *, parallel: int = 1) -> None:
        self.parallel = parallel
        self.batches: list[list[list[int]]] = []
        self._before = before
        self._lock = threading.Lock()

    @property
    def runtime(self) -> dict[str, str]:
        return {"runtime": "counting"}

    def tokenize(self, texts: Sequence[str]) -> list[Sequence[int]]:
        return [[len(word) for word in text.split()] for text in texts]

    def detokenize(self, tokens: Sequence[int]) -> str:
        return " ".join("x" * token for token in tokens)

    def encode(self, batch: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        copied = [list(tokens) for tokens in batch]
        with self._lock:
            self.batches.append(copied)
        if self._before is not None:
            self._before(copied)
        return np.array([[len(t), sum(t), 1] for t in copied], dtype=np.float32).reshape(-1, 3)

    def sizer(self, capacity: int) -> HashingSizer:
        return HashingSizer(capacity)

    def close(self) -> None:
        """Nothing to give back."""


class Gate:
    """Holds an encoder at its first batch until `open` is called; `entered` says that it is there."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()

    def __call__(self, batch: list[list[int]]) -> None:
        self.entered.set()
        assert self._open.wait(60)

    def open(self) -> None:
        self._open.set()


def expected(tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    return np.array([[len(t), sum(t), 1] for t in tokens], dtype=np.float32).reshape(-1, 3)
