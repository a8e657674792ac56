"""What an engine answers for late interaction: a vector for each token of a text. Knows no names and no runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from embedingest.engine.call import prepare, read_counts, told
from embedingest.engine.late_encoder import LateEncoder
from embedingest.engine.vectors import joined
from embedingest.errors import EngineError
from embedingest.types import LateEmbeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.engine.call import EmbedCall
    from embedingest.engine.encoder import Encoder
    from embedingest.engine.engine import Priority
    from embedingest.engine.names import Role
    from embedingest.engine.pool import LoadedModel
    from embedingest.engine.scheduling.scheduler import Ticket
    from embedingest.engine.vectors import Vectors

__all__ = ["SupportsLate", "finish_late", "prepare_late"]


@runtime_checkable
class SupportsLate(Protocol):
    """An engine that turns texts into vectors of their tokens."""

    def embed_late(
        self,
        texts: Sequence[str],
        *,
        model: str,
        role: Role,
        truncate: bool = True,
        priority: Priority = "bulk",
    ) -> LateEmbeddings:
        """The token vectors of N texts, which are all queries or all documents.

        By a late interaction model, with all that it does to queries and documents; or by the transformer of any
        embedding model: the vectors of its tokens before they are pooled. The model's own prompt for the role is put in
        front. No texts load the model. A text that is too long is cut, and told in `LateEmbeddings.truncated`.

        Raises WrongKindError (a ConfigError) for a model without token vectors, and what `Engine.embed` raises.
        """
        ...

    async def aembed_late(
        self,
        texts: Sequence[str],
        *,
        model: str,
        role: Role,
        truncate: bool = True,
        priority: Priority = "bulk",
    ) -> LateEmbeddings:
        """The same, awaited. Cancelling drops what has not been computed yet."""
        ...


def prepare_late(call: EmbedCall, encoder: Encoder, *, role: Role) -> None:
    """The row of every text as the model reads texts of this role, cut to its window or refused."""
    late = _late(call, encoder)
    room = late.room(role)
    if call.context is not None and call.context > 0:
        room = min(room, call.context - encoder.special_tokens)
    prepare(call, encoder, room=room)
    call.tokens = [late.row(tokens, role) for tokens in call.tokens]


def finish_late(call: EmbedCall, rows: Vectors, loaded: LoadedModel, ticket: Ticket) -> LateEmbeddings:
    """The answer to a call, of the rows that its ticket gave."""
    offsets, vectors = joined(rows, width=_late(call, loaded.encoder).token_dimensions)
    return LateEmbeddings(
        offsets=offsets,
        vectors=vectors,
        token_counts=read_counts(call, -1),  # but the number that says how a row is read
        **told(call, loaded, ticket),
    )


def _late(call: EmbedCall, encoder: Encoder) -> LateEncoder:
    if not isinstance(encoder, LateEncoder):  # `check_late` says it better, where the files tell
        raise EngineError(f"model {call.name} does not give vectors of its tokens")
    return encoder
