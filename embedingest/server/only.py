"""The one model that is meant where a request names none, as by clients of servers with one model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.engine.catalog import HASHING
from embedingest.engine.kinds import of_kind
from embedingest.server.wire.decode import WireError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.server.state import ServerState
    from embedingest.types import ModelInfo, ModelKind

__all__ = ["CALLED", "only_of_kind"]

CALLED: Final[Mapping[ModelKind, str]] = {
    "embedding": "embedding models",
    "reranker": "rerankers",
    "sparse": "sparse models",
    "late": "late interaction models",
}
"""What models of each kind are called, in the order in which a server of several kinds is known by them."""


async def only_of_kind(state: ServerState, *kinds: ModelKind) -> ModelInfo:
    """The one model of the first of the kinds that there is. Raises WireError (400) where there is not one alone.

    The encoder for trials, which is always there, counts where there is no other.
    """
    kind, names = await state.threads.run(_first_there, state, kinds)
    names = [name for name in names if name.removesuffix(":latest") != HASHING] or names
    if len(names) != 1:
        have = ", ".join(names) or "none"
        raise WireError(
            400, f"model is required: the request names none, and of {CALLED[kind]} there is not one alone: {have}"
        )
    return await state.engine.adescribe(names[0])


def _first_there(state: ServerState, kinds: Sequence[ModelKind]) -> tuple[ModelKind, list[str]]:
    names = state.names()
    for kind in kinds:
        if found := of_kind(kind, names, state.engine.describe):
            return kind, found
    return kinds[0], []
