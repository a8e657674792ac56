"""What an engine answers for a sparse model: weights for tokens of the vocabulary. Knows no names and no runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from embedingest.engine.call import read_counts, told
from embedingest.engine.vectors import joined
from embedingest.types import SparseEmbeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.engine.call import EmbedCall
    from embedingest.engine.engine import Priority
    from embedingest.engine.names import Role
    from embedingest.engine.pool import LoadedModel
    from embedingest.engine.scheduling.scheduler import Ticket
    from embedingest.engine.vectors import Vectors

__all__ = ["SupportsSparse", "finish_sparse"]


@runtime_checkable
class SupportsSparse(Protocol):
    """An engine that turns texts into weights for tokens."""

    def embed_sparse(
        self,
        texts: Sequence[str],
        *,
        model: str,
        role: Role,
        truncate: bool = True,
        priority: Priority = "bulk",
    ) -> SparseEmbeddings:
        """The weights of N texts, which are all queries or all documents, by a sparse model.

        The model's own prompt for the role is put in front. No texts load the model. A text that is too long is cut,
        and told in `SparseEmbeddings.truncated`.

        Raises WrongKindError (a ConfigError) for a model that is no sparse one, and what `Engine.embed` raises.
        """
        ...

    async def aembed_sparse(
        self,
        texts: Sequence[str],
        *,
        model: str,
        role: Role,
        truncate: bool = True,
        priority: Priority = "bulk",
    ) -> SparseEmbeddings:
        """The same, awaited. Cancelling drops what has not been computed yet."""
        ...


def finish_sparse(call: EmbedCall, rows: Vectors, loaded: LoadedModel, ticket: Ticket) -> SparseEmbeddings:
    """The answer to a call, of the rows of `SparseRows` that its ticket gave."""
    offsets, pairs = joined(rows, width=2)
    return SparseEmbeddings(
        offsets=offsets,
        tokens=pairs[:, 0].astype(np.int32),
        weights=np.ascontiguousarray(pairs[:, 1]),
        token_counts=read_counts(call, loaded.encoder.special_tokens),
        **told(call, loaded, ticket),
    )
