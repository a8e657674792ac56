"""The second lower seam: what a local reranker implements, and how it stands where encoders stand.

Knows no truncation, no queues, no HTTP.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from embedingest.engine.encoder import SupportsHeads, batch_tokens, keeps_end
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.types import Sizer

__all__ = ["Pair", "PairEncoder", "Scorer", "SupportsQueries", "as_encoder", "pair_row", "query_tokens"]

Pair = tuple["TokenIds", "TokenIds"]
"""The content tokens of a query and of a document."""


@runtime_checkable
class Scorer(Protocol):
    """A model that turns pairs of token rows into one score each.

    Cutting, batching, keep-alive and the activation are written once, above this seam. `tokenize` may be called from
    several threads at once; `score` is called by one thread at a time, unless `parallel` says how many may. As an
    encoder it may also be `SupportsBatchTokens`, `SupportsHeads` and `SupportsEnds`; `SupportsQueries` besides.
    """

    @property
    def max_tokens(self) -> int:
        """The window: the most tokens one pair may have, special tokens included."""
        ...

    @property
    def context_length(self) -> int:
        """The positions the model has."""
        ...

    @property
    def special_tokens(self) -> int:
        """How many special tokens `score` adds to each pair."""
        ...

    @property
    def activation(self) -> str:
        """What the model's makers put its number through: `identity`, `sigmoid` or `tanh`."""
        ...

    @property
    def fingerprint(self) -> str:
        """Same fingerprint, same scores."""
        ...

    @property
    def size_bytes(self) -> int:
        """Resident bytes of the loaded weights."""
        ...

    @property
    def runtime(self) -> dict[str, str]:
        """How it runs, for people."""
        ...

    @property
    def parallel(self) -> int:
        """How many `score` calls may run at once; 1 for most."""
        ...

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        """Content tokens of each text: no special tokens, no cut, no padding."""
        ...

    def detokenize(self, tokens: TokenIds) -> str:
        """The text these content tokens spell."""
        ...

    def score(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """The model's number for each pair before any activation, float32 (N,); number i belongs to `pairs[i]`."""
        ...

    def close(self) -> None:
        """Give the weights back."""
        ...


@runtime_checkable
class SupportsQueries(Protocol):
    """A scorer that makes other tokens of a query than of a document."""

    def tokenize_query(self, text: str) -> TokenIds:
        """Content tokens of a query, as `Scorer.tokenize` gives those of documents."""
        ...


def query_tokens(scorer: Scorer, text: str) -> TokenIds:
    """The content tokens of a query."""
    return scorer.tokenize_query(text) if isinstance(scorer, SupportsQueries) else scorer.tokenize([text])[0]


def pair_row(query: TokenIds, document: TokenIds) -> TokenIds:
    """A pair as one row of numbers, which queues and compares as a text's tokens do: how many the query has, then all.

    It is as long as the pair up to a few special tokens, so that batches are of the size that they should be.
    """
    is_narrow = isinstance(query, array) and isinstance(document, array) and query.typecode == document.typecode == "i"
    row = array("i" if is_narrow else "q", (len(query),))  # ids of a plug-in may need 63 bits
    row.extend(query)
    row.extend(document)
    return row


def _pair(row: TokenIds) -> Pair:
    middle = 1 + row[0]
    return row[1:middle], row[middle:]


class PairEncoder:
    """A scorer where an encoder is due: the scheduler's and the pool's. Its rows are those of `pair_row`, and its
    vectors have one number.
    """

    dimensions = 1

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self.max_tokens = scorer.max_tokens
        self.context_length = scorer.context_length
        self.special_tokens = scorer.special_tokens
        self.size_bytes = scorer.size_bytes
        self.parallel = scorer.parallel
        self.batch_tokens = batch_tokens(scorer)
        self.keeps_end = keeps_end(scorer)
        self.tokenize = scorer.tokenize
        self.detokenize = scorer.detokenize
        self.close = scorer.close

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        """See `SupportsHeads`; all tokens where the scorer knows no other way."""
        scorer = self.scorer
        return scorer.tokenize_head(text, most) if isinstance(scorer, SupportsHeads) else self.tokenize([text])[0]

    @property
    def fingerprint(self) -> str:
        return self.scorer.fingerprint

    @property
    def runtime(self) -> dict[str, str]:
        return self.scorer.runtime

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """The model's number for each row of `pair_row`, float32 (N, 1)."""
        return self.scorer.score([_pair(row) for row in batch]).astype("float32", copy=False)[:, None]

    def sizer(self, capacity: int) -> Sizer:  # noqa: ARG002 -- the seam's signature
        """Raises ConfigError: nothing is cut into chunks for a reranker."""
        raise ConfigError("a reranker has no window for chunks", remedy="name an embedding model")


def as_encoder(made: Encoder | Scorer) -> Encoder:
    """What a factory of encoders made, a scorer as one."""
    return PairEncoder(made) if isinstance(made, Scorer) else made
