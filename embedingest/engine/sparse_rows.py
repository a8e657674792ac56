"""A sparse model where an encoder is due: of each text's weights for all V tokens, those above 0 are kept.

The lower seam of a sparse model is `Encoder`: its vectors are the weights, `dimensions` the size of the vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.vectors import RAGGED, ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.types import Sizer

__all__ = ["SparseRows", "above_zero"]

_LARGEST_VOCABULARY: Final = 2**24  # up to here a float32 holds every whole number
_OPTIONAL: Final = ("batch_tokens", "tokenize_head", "keeps_end", "check_prompt")  # see `Encoder`


class SparseRows:
    """An encoder of V weights as one whose rows are float32 (K, 2): a token and its weight, tokens ascending.

    So the V numbers of a text are held for one batch alone.
    """

    dimensions = RAGGED

    def __init__(self, encoder: Encoder) -> None:
        if encoder.dimensions > _LARGEST_VOCABULARY:
            raise ValueError(f"a vocabulary of {encoder.dimensions} tokens is larger than {_LARGEST_VOCABULARY}")
        self.weights = encoder
        self.max_tokens = encoder.max_tokens
        self.context_length = encoder.context_length
        self.special_tokens = encoder.special_tokens
        self.size_bytes = encoder.size_bytes
        self.parallel = encoder.parallel
        self.tokenize = encoder.tokenize
        self.detokenize = encoder.detokenize
        self.close = encoder.close
        for name in _OPTIONAL:
            if hasattr(encoder, name):
                setattr(self, name, getattr(encoder, name))

    @property
    def fingerprint(self) -> str:
        return self.weights.fingerprint

    @property
    def runtime(self) -> dict[str, str]:
        return self.weights.runtime

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[Any]:
        """What is above 0 of each text's weights, arrays (K, 2) as in `vectors.ragged`."""
        return ragged([above_zero(row) for row in self.weights.encode(batch)])

    def sizer(self, capacity: int) -> Sizer:
        return self.weights.sizer(capacity)


def above_zero(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tokens and weights, float32 (K, 2), of the weights of one text, (V,). NaN stays, so that it is found."""
    tokens = np.flatnonzero(~(weights <= 0))
    return np.stack([tokens.astype(np.float32), weights[tokens]], axis=1)
