"""What every scorer over a model folder shares: sizes, tokens, fingerprint, rows of pairs. Knows no runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.engine.folder.pair_prompt import prompt_of
from embedingest.engine.folder.pairs import PairTemplate
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.folder.whole import check_whole

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.scorer import Pair

__all__ = ["FolderScorer"]


class FolderScorer:
    """The half of a scorer that needs no runtime: a cross-encoder's folder and its tokenizer."""

    parallel = 1
    vector_class = "exact"

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        self.folder = folder
        self.activation = folder.activation
        self.context_length = folder.context_length
        self.size_bytes = folder.size_bytes
        self._tokenizer = FastTokenizer.of(folder)
        check_whole(folder, self._tokenizer)
        self._prompt = prompt_of(folder.modules[-1].config)
        self._template = PairTemplate.of(self._tokenizer, self._prompt)
        self.max_tokens = self._tokenizer.window(folder, settings.max_tokens)
        self.special_tokens = self._template.special_tokens
        self.keeps_end = self._tokenizer.keeps_end(folder)
        self._pad = int(folder.config.get("pad_token_id") or 0)

    @property
    def fingerprint(self) -> str:
        return self.folder.fingerprint(self.vector_class)

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        """Content tokens of documents."""
        return self._tokenizer.tokenize(texts if self._prompt is None else list(map(self._prompt.document, texts)))

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        return self._tokenizer.tokenize_head(text if self._prompt is None else self._prompt.document(text), most)

    def tokenize_query(self, text: str) -> TokenIds:
        """See `SupportsQueries`."""
        return self._tokenizer.tokenize([text if self._prompt is None else self._prompt.query(text)])[0]

    def detokenize(self, tokens: TokenIds) -> str:
        return self._tokenizer.detokenize(tokens)

    def rows(self, pairs: Sequence[Pair]) -> list[array[int]]:
        """Each pair's tokens between the model's special tokens, each with its segment (`SEGMENT`)."""
        return [self._template.row(*pair) for pair in pairs]
