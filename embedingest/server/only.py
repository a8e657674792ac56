"""The one model of a kind that is meant where a request names none, as by clients of servers with one model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.engine.kinds import of_kind
from embedingest.server.wire.decode import WireError

if TYPE_CHECKING:
    from embedingest.server.state import ServerState
    from embedingest.types import ModelInfo, ModelKind

__all__ = ["only_of_kind"]


async def only_of_kind(state: ServerState, kind: ModelKind, called: str) -> ModelInfo:
    """The one model of a kind, `called` so in the plural. Raises WireError (400) where there is not one alone."""
    names = await state.threads.run(lambda: of_kind(kind, state.names(), state.engine.describe))
    if len(names) != 1:
        have = ", ".join(names) or "none"
        raise WireError(
            400, f"model is required: the request names none, and of {called} there is not one alone: {have}"
        )
    return await state.engine.adescribe(names[0])
