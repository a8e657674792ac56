"""The route that answers weights for tokens: `/embed_sparse`, as TEI has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest import tracing
from embedingest.engine.engine import QUERY_TEXTS
from embedingest.server.engine import weighing
from embedingest.server.http import Answer, Request
from embedingest.server.only import only_of_kind
from embedingest.server.wire.decode import WireError
from embedingest.server.wire.sparse import sparse_answer, sparse_request

if TYPE_CHECKING:
    from embedingest.server.state import ServerState

__all__ = ["embed_sparse"]

_PAIR_BYTES: Final = 40  # of one token with its weight in the answer


async def embed_sparse(state: ServerState, request: Request) -> Answer:
    """The weights of some texts by a sparse model, in the order of the request."""
    call = await state.read(request, sparse_request)
    if call.model:
        state.parse(call.model)
    limit = state.settings.max_inputs
    if len(call.texts) > limit:
        raise WireError(413, f"{len(call.texts)} texts in one request; the limit is {limit}")
    engine = weighing(state.engine)
    info = await state.find(call.model) if call.model else await only_of_kind(state, "sparse")
    answer = await state.unless_disconnected(
        request,
        engine.aembed_sparse(
            call.texts,
            model=call.model or info.name,
            role=call.role,
            truncate=call.truncate,
            priority="query" if len(call.texts) <= QUERY_TEXTS else "bulk",
        ),
    )
    request.room.extend(len(answer.tokens) * _PAIR_BYTES)
    state.metrics.weighed(answer)
    tracing.stages("embed_sparse", answer.seconds, {"embedingest.model": answer.model})
    stages = ", ".join(f"{stage};dur={seconds * 1e3:.3f}" for stage, seconds in answer.seconds.items())
    return Answer(200, await state.threads.run(sparse_answer, answer), headers=[("Server-Timing", stages)])
