"""What every scorer over a model folder shares: sizes, tokens, fingerprint, rows of pairs. Knows no runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.engine.folder.pairs import PairTemplate
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.folder.whole import check_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.pairs import TypedRow
    from embedingest.engine.scorer import Pair

__all__ = ["FolderScorer"]


class FolderScorer:
    """The half of a scorer that needs no runtime: a cross-encoder's folder and its tokenizer."""

    parallel = 1

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        self.folder = folder
        self.activation = folder.activation
        self.context_length = folder.context_length
        self.size_bytes = folder.size_bytes
        self._tokenizer = FastTokenizer.of(folder)
        check_whole(folder, self._tokenizer)
        self._template = PairTemplate.of(self._tokenizer)
        self.max_tokens = self._tokenizer.window(folder, settings.max_tokens)
        self.special_tokens = self._template.special_tokens
        self.keeps_end = self._tokenizer.keeps_end(folder)
        self._pad = int(folder.config.get("pad_token_id") or 0)

    @property
    def fingerprint(self) -> str:
        return self.folder.fingerprint()

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        return self._tokenizer.tokenize(texts)

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        return self._tokenizer.tokenize_head(text, most)

    def detokenize(self, tokens: TokenIds) -> str:
        return self._tokenizer.detokenize(tokens)

    def rows(self, pairs: Sequence[Pair]) -> list[TypedRow]:
        """Each pair's tokens between the model's special tokens."""
        return [self._template.row(*pair) for pair in pairs]
