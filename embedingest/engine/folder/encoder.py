"""What every encoder over a model folder shares: sizes, tokens, fingerprint. Knows no runtime."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from embedingest.engine.folder.tokenizer import FastTokenizer, TokenizerSizer
from embedingest.engine.folder.whole import check_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["FolderEncoder", "rectangle"]


class FolderEncoder:
    """The half of an encoder that needs no runtime: a model folder and its tokenizer."""

    parallel = 1
    vector_class = "exact"

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        self.folder = folder
        self.dimensions = folder.dimensions
        self.context_length = folder.context_length
        self.size_bytes = folder.size_bytes
        self._tokenizer = FastTokenizer.of(folder)
        check_whole(folder, self._tokenizer)
        self.max_tokens = self._tokenizer.window(folder, settings.max_tokens)
        self.special_tokens = self._tokenizer.special_tokens
        self.keeps_end = self._tokenizer.keeps_end(folder)
        self._pad = int(folder.config.get("pad_token_id") or 0)

    @property
    def fingerprint(self) -> str:
        return self.folder.whole_fingerprint(self.vector_class)

    def check_prompt(self, prompt: str) -> None:
        self.folder.check_prompt(prompt)

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        return self._tokenizer.tokenize(texts)

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        return self._tokenizer.tokenize_head(text, most)

    def detokenize(self, tokens: TokenIds) -> str:
        return self._tokenizer.detokenize(tokens)

    def sizer(self, capacity: int) -> TokenizerSizer:
        return self._tokenizer.sizer(capacity)

    def with_specials(self, batch: Sequence[TokenIds]) -> list[array[int]]:
        """Each text's tokens between the model's special tokens."""
        rows = [array("i", self._tokenizer.prefix) for _ in batch]
        for row, tokens in zip(rows, batch, strict=True):
            row.extend(tokens)
            row.extend(self._tokenizer.suffix)
        return rows


def rectangle(rows: Sequence[Sequence[int]], *, pad: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask of N rows, both int64 (N, T), padded on the right to `width`."""
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return ids, mask
