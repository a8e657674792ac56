"""The routes that rerank: `/api/rerank`, `/rerank`, `/v1/rerank` and `/v2/rerank`, which are one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest import tracing
from embedingest.server.engine import reranking
from embedingest.server.http import Answer, Request
from embedingest.server.only import only_of_kind
from embedingest.server.wire.decode import WireError
from embedingest.server.wire.rerank import rerank_answer, rerank_request

if TYPE_CHECKING:
    from embedingest.server.state import ServerState

__all__ = ["rerank"]

_QUERY_DOCUMENTS: Final = 128  # so many candidates are a search that somebody waits for; more are bulk
_THREAD_FROM_DOCUMENTS: Final = 256  # answers of so many are written off the event loop
_RESULT_BYTES: Final = 160  # of one result in the answer, its text left out


async def rerank(state: ServerState, request: Request) -> Answer:
    """Score documents against a query, and answer them in the order of relevance, each with its index."""
    call = await state.read(request, rerank_request)
    if call.model:
        state.parse(call.model)
    limit = state.settings.max_inputs
    if len(call.documents) > limit:
        raise WireError(413, f"{len(call.documents)} documents in one request; the limit is {limit}")
    if (refused := state.guard.unloading(request, call.keep_alive)) is not None:
        return refused  # unloading is control, not reranking
    engine = reranking(state.engine)
    info = await state.find(call.model) if call.model else await only_of_kind(state, "reranker")
    texts = sum(map(len, call.documents)) * 4 if call.returns_texts else 0
    request.room.extend(len(call.documents) * _RESULT_BYTES + texts)
    answer = await state.unless_disconnected(
        request,
        engine.arerank(
            call.query,
            call.documents,
            model=call.model or info.name,
            truncate=call.truncate,
            context=state.context(info, None),
            activation=call.activation,
            keep_alive=call.keep_alive,
            priority="query" if len(call.documents) <= _QUERY_DOCUMENTS else "bulk",
        ),
    )
    state.metrics.reranked(answer)
    tracing.stages("rerank", answer.seconds, {"embedingest.model": answer.model, "embedingest.tokens": answer.tokens})
    written = (call, call.model or info.name, answer)
    is_long = len(call.documents) >= _THREAD_FROM_DOCUMENTS
    body = await state.threads.run(rerank_answer, *written) if is_long else rerank_answer(*written)
    stages = ", ".join(f"{stage};dur={seconds * 1e3:.3f}" for stage, seconds in answer.seconds.items())
    return Answer(200, body, headers=[("Server-Timing", stages)])
