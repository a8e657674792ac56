"""A catalogue whose models are made by the test: everything but the making of the encoder is the real thing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.catalog import Catalog
from embedingest.engine.hashing import HashingEncoder
from embedingest.engine.local import LocalEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedingest.engine.encoder import Encoder


class Shelf(Catalog):
    """Models by name, each made by a function when it is loaded; `opened` says how often."""

    def __init__(self, tmp_path, makers: dict[str, Callable[[], Encoder]], **configs: ModelConfig) -> None:
        plain = {name: configs.get(name, ModelConfig(encoder="hashing")) for name in makers}
        super().__init__(plain, data=tmp_path)
        self.makers = {self.find(name).key: make for name, make in makers.items()}
        self.opened: list[str] = []
        self.described = False

    def open(self, key: str) -> Encoder:
        if key not in self.makers:
            return super().open(key)
        info = threading.current_thread().name == "embedingest-models"
        if not info:  # describing a weightless model asks it for its sizes
            return super().open(key)
        self.opened.append(key.partition("library/")[2].removesuffix(":latest"))
        return self.makers[key]()


def engine_of(tmp_path, makers: dict[str, Callable[[], Encoder]], *, prompts=None, **settings) -> LocalEngine:
    """An engine over models made by the test."""
    configs = {name: ModelConfig(encoder="hashing", prompts=p) for name, p in (prompts or {}).items()}
    return LocalEngine(EngineConfig(**settings), catalog=Shelf(tmp_path, makers, **configs))


class Watched(HashingEncoder):
    """The hashing encoder, with a hook before each batch that is told its texts; remembers them and its closing."""

    def __init__(self, before: Callable[[list[str]], None] | None = None, *, size_bytes: int = 0) -> None:
        super().__init__()
        self.size_bytes = size_bytes
        self.batches: list[list[str]] = []
        self.closed = False
        self._before = before

    def encode(self, batch: Sequence[Sequence[int]]) -> np.ndarray:
        texts = [self.detokenize(tokens) for tokens in batch]
        self.batches.append(texts)
        if self._before is not None:
            self._before(texts)
        return super().encode(batch)

    def close(self) -> None:
        self.closed = True


class Poisoned(HashingEncoder):
    """Fails for any batch that holds the word `poison`; gives NaN for a text that holds `nan`."""

    def encode(self, batch: Sequence[Sequence[int]]) -> np.ndarray:
        texts = [self.detokenize(tokens) for tokens in batch]
        if any("poison" in text for text in texts):
            raise RuntimeError("the kernel fell over")
        vectors = super().encode(batch)
        vectors[["nan" in text.split() for text in texts]] = np.nan
        return vectors
