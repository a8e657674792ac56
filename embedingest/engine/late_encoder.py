"""The lower seam of late interaction: what a local model of token vectors implements. Knows no queues and no HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from embedingest.engine.encoder import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.names import Role

__all__ = ["LateEncoder"]


@runtime_checkable
class LateEncoder(Encoder, Protocol):
    """An encoder whose row of a text are the vectors of its tokens; queries and documents may be read differently.

    It stands where encoders stand: `dimensions` is `vectors.RAGGED`, `max_tokens` and `special_tokens` are those of
    documents.
    """

    @property
    def token_dimensions(self) -> int:
        """D, the length of the vector of one token."""
        ...

    def room(self, role: Role) -> int:
        """The most content tokens that a text of this role may have."""
        ...

    def row(self, tokens: TokenIds, role: Role) -> TokenIds:
        """What `encode` takes for the content tokens of a text: one number that says how it is read, then every token
        that the model reads.
        """
        ...

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[Any]:
        """The vectors of each row's tokens that count, float32 (T, D) of unit length, as in `vectors.ragged`."""
        ...
