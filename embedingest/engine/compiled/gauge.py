"""What a compiled model is held against: the gate's texts as token rows. Knows no torch and no graph."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from embedingest.engine.folder.pair_prompt import prompt_of
from embedingest.engine.folder.pairs import PairTemplate
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.gate import pair_tokens, probe_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.config import ModelConfig
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["LEAST_TEXTS", "first_texts", "gauge_rows"]

LEAST_TEXTS: Final = 64
"""No model serves before it was held against so many; a small one was held against more."""

# Parameters times tokens, of which torch does some 10¹¹ a second.
_LITTLE_WORK: Final = 2e10
_MUCH_WORK: Final = 5e11
_SHORT_TOKENS: Final = 96


def gauge_rows(folder: ModelFolder, settings: ModelConfig) -> list[list[int]]:
    """The gate's texts, of a reranker its pairs, as token rows (special tokens included), always in the same order.

    Of a model that would take long over the first ones, the long ones come later.
    """
    tokenizer = FastTokenizer.of(folder)
    window = tokenizer.window(folder, settings.max_tokens)
    if folder.is_reranker:
        template = PairTemplate.of(tokenizer, prompt_of(folder.modules[-1].config))
        rows = [list(template.row(*pair)) for pair in pair_tokens(tokenizer, window - template.special_tokens)]
    else:
        rows = [[*tokenizer.prefix, *ids, *tokenizer.suffix] for ids in probe_tokens(tokenizer, window)]
    if folder.parameters * sum(map(len, rows[:LEAST_TEXTS])) > _MUCH_WORK:
        rows.sort(key=lambda row: len(row) > _SHORT_TOKENS)
    return rows


def first_texts(folder: ModelFolder, rows: Sequence[Sequence[int]]) -> int:
    """How many of the rows a model is held against before it serves."""
    work = itertools.accumulate(folder.parameters * len(row) for row in rows)
    return max(LEAST_TEXTS, sum(done <= _LITTLE_WORK for done in work))
