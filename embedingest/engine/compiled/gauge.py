"""What a compiled model is held against: the gate's texts, and torch's own vectors of them, some at a time.

Knows torch by way of the converter; knows no graph's file and no cache.
"""

from __future__ import annotations

import itertools
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from embedingest.engine.compiled.convert import Converter
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.gate import probe_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["LEAST_TEXTS", "Gauge"]

LEAST_TEXTS: Final = 64
"""No model serves before it was held against so many."""

_SECONDS: Final = 1.0  # of torch's forward, before the first text is served
_MOST_SECONDS: Final = 10.0
_SHORT_TOKENS: Final = 96
_PILOT_TEXTS: Final = 12


class Gauge:
    """One model loaded by torch, and the texts of the gate as token rows (special tokens included)."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        tokenizer = FastTokenizer.of(folder)
        window = tokenizer.window(folder, settings.max_tokens)
        self.rows = [[*tokenizer.prefix, *ids, *tokenizer.suffix] for ids in probe_tokens(tokenizer, window)]
        self.converter = Converter(folder)

    def first_texts(self) -> int:
        """How many texts torch embeds in about a second, and at least 64: the model serves after these."""
        self.converter.reference(self.rows[:1])  # the first forward sets things up
        began = time.perf_counter()
        self.converter.reference(self.rows[1:_PILOT_TEXTS])
        seconds_a_token = (time.perf_counter() - began) / sum(map(len, self.rows[1:_PILOT_TEXTS]))
        totals = itertools.accumulate(map(len, self.rows))
        if seconds_a_token * sum(map(len, self.rows[:LEAST_TEXTS])) > _MOST_SECONDS:
            self.rows.sort(key=lambda row: len(row) > _SHORT_TOKENS)  # of a large model, the long ones later
            totals = itertools.accumulate(map(len, self.rows))
        fitting = sum(total * seconds_a_token <= _SECONDS for total in totals)
        return min(len(self.rows), max(LEAST_TEXTS, fitting))

    def references(self, texts: int) -> Callable[[], NDArray[np.float32]]:
        """Torch's vectors of the first texts, float32 (N, D), computed while something else is done."""
        pool = ThreadPoolExecutor(1, "embedingest-reference")
        future: Future[NDArray[np.float32]] = pool.submit(self.converter.reference, self.rows[:texts])
        pool.shutdown(wait=False)
        return future.result
