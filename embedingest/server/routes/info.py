"""The route that says of one model what TEI's clients ask a server of one model: `/info`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.server.http import Answer, Request, json_answer
from embedingest.server.only import CALLED, only_of_kind
from embedingest.server.wire.tei import ServerBounds, info_document

if TYPE_CHECKING:
    from embedingest.server.state import ServerState
    from embedingest.types import ModelInfo

__all__ = ["info"]


async def info(state: ServerState, request: Request) -> Answer:
    """`GET /info`, of the model that `?model=` names; else of the one embedding model, or the one of another kind."""
    if model := request.query_params.get("model", ""):
        state.parse(model)
    found = await state.find(model) if model else await only_of_kind(state, *CALLED)
    running = next((one for one in state.engine.running() if one.info.name == found.name), None)
    precision = "" if running is None else running.runtime.get("precision", "")
    return json_answer(info_document(found, precision, _bounds(state, found)))


def _bounds(state: ServerState, found: ModelInfo) -> ServerBounds:
    """A model that is not in memory has batches of at least one text."""
    settings, engine, window = state.settings, state.engine.bounds, state.window(found)
    batches = [model.scheduler.batch_tokens for name, model in state.engine.loaded() if name == found.name]
    return ServerBounds(
        requests=settings.max_connections if engine is None else min(settings.max_connections, engine.waiting),
        input_tokens=window,
        batch_tokens=max(batches, default=window),
        inputs=settings.max_inputs,
        tokenizing=1 if engine is None else engine.tokenizing,
    )
