"""One rerank call under way: a query, its documents, their pairs within the window, their scores. Knows no names."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, runtime_checkable

import numpy as np

from embedingest.engine.call import content_limit, told
from embedingest.engine.encoder import heads, kept
from embedingest.engine.folder.pairs import lengths_within
from embedingest.engine.pool import leased, waited
from embedingest.engine.scorer import PairEncoder, pair_row, query_tokens
from embedingest.errors import EngineError, InputError, InputTooLongError
from embedingest.types import Reranked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.engine import Priority
    from embedingest.engine.pool import Lease, LoadedModel
    from embedingest.engine.scheduling.scheduler import Ticket

__all__ = ["Activation", "RerankCall", "SupportsRerank", "activated", "arerank", "rerank"]

Activation = Literal["identity", "sigmoid", "tanh"]

_DOCUMENTS_AT_ONCE: Final = 1024  # so often it is asked whether the caller still waits
_INLINE_CHARACTERS: Final = 4096  # less than this is tokenised faster than it is handed to another thread


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


@dataclass(slots=True)
class RerankCall:
    """One rerank call under way: its arguments, and what is known so far. Seconds are of `time.perf_counter`."""

    key: str
    name: str
    query: str
    documents: Sequence[str]
    truncate: bool
    context: int | None
    activation: Activation | None
    keep_alive: float | None
    priority: Priority
    began: float = field(default_factory=time.perf_counter)
    load_seconds: float = 0.0
    tokenize_seconds: float = 0.0
    rows: list[TokenIds] = field(default_factory=list)
    truncated: list[int] = field(default_factory=list)
    is_dropped: bool = False


def rerank(call: RerankCall, granted: Future[Lease]) -> Reranked:
    """The answer to a call whose model is granted."""
    with waited(granted) as loaded:
        call.load_seconds = time.perf_counter() - call.began
        _prepare(call, loaded)
        ticket = loaded.scheduler.submit(call.rows, priority=call.priority)
        with _told_of_pairs(call):
            return _finish(call, ticket.result(), loaded, ticket)


async def arerank(call: RerankCall, granted: Future[Lease], in_thread: Callable[..., Awaitable[Any]]) -> Reranked:
    """The same, awaited; what takes longer is done `in_thread`."""
    import asyncio

    async with contextlib.AsyncExitStack() as stack:
        loaded = stack.enter_context(await leased(granted))
        call.load_seconds = time.perf_counter() - call.began
        if len(call.query) + sum(map(len, call.documents)) <= _INLINE_CHARACTERS:
            _prepare(call, loaded)
        else:
            try:
                await in_thread(_prepare, call, loaded)
            finally:
                call.is_dropped = True  # by a caller that went away; else it is done
        ticket = loaded.scheduler.submit(call.rows, priority=call.priority)
        with _told_of_pairs(call):
            numbers = ticket.result() if ticket.done() else await asyncio.wrap_future(ticket)
            return _finish(call, numbers, loaded, ticket)


def _prepare(call: RerankCall, loaded: LoadedModel) -> None:
    """The row of every pair, cut to the window or refused."""
    began = time.perf_counter()
    encoder = loaded.encoder
    if not isinstance(encoder, PairEncoder):  # `check_reranks` says it better, where the files tell
        raise EngineError(f"model {call.name} does not run as a reranker")
    limit = content_limit(encoder, call.context)
    query = query_tokens(encoder.scorer, call.query)
    for start in range(0, len(call.documents), _DOCUMENTS_AT_ONCE):
        if call.is_dropped:
            return
        part = call.documents[start : start + _DOCUMENTS_AT_ONCE]
        # Where the query alone is too long, how much longer each document is decides which keeps one token more.
        is_long = len(query) > limit or encoder.keeps_end
        for document in encoder.tokenize(part) if is_long else heads(encoder, part, max(limit + 1, 1)):
            call.rows.append(_row(query, document, encoder, limit, call))
    call.tokenize_seconds = time.perf_counter() - began


def _row(query: TokenIds, document: TokenIds, encoder: PairEncoder, limit: int, call: RerankCall) -> TokenIds:
    if len(query) + len(document) <= limit:
        return pair_row(query, document)
    index = len(call.rows)
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
def _told_of_pairs(call: RerankCall) -> Iterator[None]:
    """The scheduler knows texts: what it says of one is of the query with a document."""
    try:
        yield
    except InputError as error:
        what = "gives no score that is a number" if error.__cause__ is None else f"fails: {error.__cause__}"
        raise InputError(
            f"document {error.index} with this query: model {call.name} {what}",
            index=error.index,
            remedy="leave this document out, or take another reranker",
        ) from error


def _finish(call: RerankCall, numbers: NDArray[np.float32], loaded: LoadedModel, ticket: Ticket) -> Reranked:
    encoder = loaded.encoder
    assert isinstance(encoder, PairEncoder)
    counts = np.fromiter(map(len, call.rows), dtype=np.int64, count=len(call.rows)) - 1 + encoder.special_tokens
    return Reranked(
        scores=activated(numbers[:, 0], call.activation or encoder.scorer.activation),
        token_counts=counts,
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
