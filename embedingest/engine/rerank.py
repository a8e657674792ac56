"""One rerank call under way: a query, its documents, their pairs within the window, their scores. Knows no names."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from embedingest.engine.call import Call, content_limit, read_counts, told, while_wanted
from embedingest.engine.encoder import heads, kept
from embedingest.engine.folder.pairs import lengths_within
from embedingest.engine.scorer import PairEncoder, pair_row, query_tokens
from embedingest.errors import EngineError, InputError, InputTooLongError
from embedingest.types import Reranked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.engine import Priority
    from embedingest.engine.pool import LoadedModel
    from embedingest.engine.scheduling.scheduler import Ticket
    from embedingest.engine.vectors import Vectors

__all__ = ["Activation", "RerankCall", "SupportsRerank", "activated", "finish_pairs", "prepare_pairs", "told_of_pairs"]

Activation = Literal["identity", "sigmoid", "tanh"]


@runtime_checkable
class SupportsRerank(Protocol):
    """An engine that scores documents against a query."""

    def rerank(
        self,
        query: str,
        documents: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        context: int | None = None,
        activation: Activation | None = None,
        keep_alive: float | None = None,
        priority: Priority = "query",
    ) -> Reranked:
        """Score N documents against a query with a reranker. Score i belongs to document i.

        A late interaction model, and an embedding model that is a transformer, score by the vectors of tokens
        (`maxsim.max_sim`), queries and documents each cut to their own window.

        A pair that is longer than the window is cut, the longer text of the two first, and told in
        `Reranked.truncated`. `context` lowers the window, `activation` stands for the model's own; `keep_alive` is as
        in `Engine.embed`. No documents load the model.

        Raises WrongKindError (a ConfigError) for a model that can do neither, ModelNotFoundError, ModelLoadError,
        InputTooLongError (with `truncate` off), InputError (NaN, or a pair that makes the model fail; has `index`),
        OverloadedError, EngineClosedError, and TypeError for what are no texts.
        """
        ...

    async def arerank(
        self,
        query: str,
        documents: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        context: int | None = None,
        activation: Activation | None = None,
        keep_alive: float | None = None,
        priority: Priority = "query",
    ) -> Reranked:
        """The same, awaited. Cancelling drops what has not been computed yet."""
        ...


@dataclass(slots=True, kw_only=True)
class RerankCall(Call):
    """One rerank call under way: its `texts` are the documents, and its rows of tokens those of `pair_row`."""

    query: str
    activation: Activation | None = None

    @property
    def characters(self) -> int:
        """How many are to be tokenised."""
        return len(self.query) + sum(map(len, self.texts))


def prepare_pairs(call: RerankCall, encoder: Encoder) -> None:
    """The row of every pair, cut to the window or refused."""
    began = time.perf_counter()
    pairs = _pairs_of(call, encoder)
    limit = content_limit(pairs, call.context)
    query = query_tokens(pairs.scorer, call.query)
    # Where the query alone is too long, how much longer each document is decides which keeps one token more.
    needs_whole = len(query) > limit or pairs.keeps_end
    for part in while_wanted(call):
        documents = call.texts[part]
        for document in pairs.tokenize(documents) if needs_whole else heads(pairs, documents, max(limit + 1, 1)):
            call.tokens.append(_row(query, document, pairs, limit, call))
    call.tokenize_seconds = time.perf_counter() - began


def _pairs_of(call: RerankCall, encoder: Encoder) -> PairEncoder:
    if not isinstance(encoder, PairEncoder):  # `check_reranks` says it better, where the files tell
        raise EngineError(f"model {call.name} does not run as a reranker")
    return encoder


def _row(query: TokenIds, document: TokenIds, encoder: PairEncoder, limit: int, call: RerankCall) -> TokenIds:
    if len(query) + len(document) <= limit:
        return pair_row(query, document)
    index = len(call.tokens)
    if limit < 2:
        raise InputTooLongError(
            f"a window of {limit + encoder.special_tokens} tokens has no room for a pair of texts", index=index,
            remedy="raise `num_ctx`",
        )  # fmt: skip
    if not call.truncate:
        raise InputTooLongError(
            f"document {index} has {len(document)} tokens and the query {len(query)}, and a pair of model {call.name} "
            f"may have {limit}",
            index=index,
        )
    call.truncated.append(index)
    first, second = lengths_within(len(query), len(document), limit)
    return pair_row(kept(encoder, query, first), kept(encoder, document, second))


@contextlib.contextmanager
def told_of_pairs(call: RerankCall) -> Iterator[None]:
    """A block in which what is said of a row is said of a document with the query: queues know rows alone."""
    try:
        yield
    except InputTooLongError:
        raise
    except InputError as error:
        what = "gives no score that is a number" if error.__cause__ is None else f"fails: {error.__cause__}"
        raise InputError(
            f"document {error.index} with this query: model {call.name} {what}",
            index=error.index,
            remedy="leave this document out, or take another reranker",
        ) from error


def finish_pairs(call: RerankCall, numbers: Vectors, loaded: LoadedModel, ticket: Ticket) -> Reranked:
    """The answer to a call, of the numbers that its ticket gave."""
    pairs = _pairs_of(call, loaded.encoder)
    return Reranked(
        scores=activated(numbers[:, 0], call.activation or pairs.scorer.activation),
        token_counts=read_counts(call, pairs.special_tokens - 1),  # but the number that says how a row is read
        **told(call, loaded, ticket),
    )


def activated(numbers: NDArray[np.float32], activation: str) -> NDArray[np.float32]:
    """Scores of the model's numbers, both float32 (N,)."""
    if activation == "tanh":
        return np.tanh(numbers)
    if activation == "sigmoid":
        small = np.exp(-np.abs(numbers))  # never too large for a float
        return np.where(numbers >= 0, 1 / (1 + small), small / (1 + small)).astype(np.float32)
    return np.ascontiguousarray(numbers)
