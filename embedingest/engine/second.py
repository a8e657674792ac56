"""What an engine of local models gives beside one vector a text: weights for tokens, and vectors of tokens.

Knows names, tokens and kinds of models; knows no runtime.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from embedingest.engine.answering import Answering
from embedingest.engine.engine import text_list
from embedingest.engine.kinds import check_late, check_sparse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedingest.engine.call import EmbedCall
    from embedingest.engine.catalog import Catalog, ModelMatch
    from embedingest.engine.engine import Priority
    from embedingest.engine.names import Role
    from embedingest.types import LateEmbeddings, SparseEmbeddings

__all__ = ["SecondCalls"]


class SecondCalls(Answering):
    """Implements `SupportsSparse` and `SupportsLate` over a catalogue."""

    catalog: Catalog

    def embed_sparse(
        self, texts: Sequence[str], *, model: str, role: Role, truncate: bool = True, priority: Priority = "bulk"
    ) -> SparseEmbeddings:
        """See `SupportsSparse.embed_sparse`."""
        from embedingest.engine.call import prepare
        from embedingest.engine.sparse import finish_sparse

        return self._answer(self._sparse(texts, model, role, truncate, priority), prepare, finish_sparse)

    async def aembed_sparse(
        self, texts: Sequence[str], *, model: str, role: Role, truncate: bool = True, priority: Priority = "bulk"
    ) -> SparseEmbeddings:
        """The same, awaited."""
        from embedingest.engine.call import prepare
        from embedingest.engine.sparse import finish_sparse

        return await self._aanswer(self._sparse(texts, model, role, truncate, priority), prepare, finish_sparse)

    def embed_late(
        self, texts: Sequence[str], *, model: str, role: Role, truncate: bool = True, priority: Priority = "bulk"
    ) -> LateEmbeddings:
        """See `SupportsLate.embed_late`."""
        return self._answer(*self._late(texts, model, role, truncate, priority))

    async def aembed_late(
        self, texts: Sequence[str], *, model: str, role: Role, truncate: bool = True, priority: Priority = "bulk"
    ) -> LateEmbeddings:
        """The same, awaited."""
        return await self._aanswer(*self._late(texts, model, role, truncate, priority))

    def _sparse(self, texts: Sequence[str], model: str, role: Role, truncate: bool, priority: Priority) -> EmbedCall:
        listed, match = text_list(texts), self._of_role(model, role)
        key = self.catalog.route(match)
        check_sparse(self.catalog.describe_key(key))
        return self._call_of(key, match, listed, role, truncate, priority)

    def _late(
        self, texts: Sequence[str], model: str, role: Role, truncate: bool, priority: Priority
    ) -> tuple[EmbedCall, Callable[..., None], Callable[..., LateEmbeddings]]:
        """The call, with what prepares and finishes it."""
        from embedingest.engine.late import finish_late, prepare_late

        listed, match = text_list(texts), self._of_role(model, role)
        check_late(self.catalog.describe_key(self.catalog.route(match)))
        call = self._call_of(self.catalog.token_key(match), match, listed, role, truncate, priority)
        return call, partial(prepare_late, role=role), finish_late

    def _of_role(self, model: str, role: Role) -> ModelMatch:
        """The model of a name, asked for texts of a role, whatever role the name says."""
        return replace(self.catalog.find(model), role=role)

    def _call_of(
        self, key: str, match: ModelMatch, texts: Sequence[str], role: Role, truncate: bool, priority: Priority
    ) -> EmbedCall:
        from embedingest.engine.call import EmbedCall

        name, prompt = self.catalog.describe_key(match.key).name, self.catalog.describe_key(key).prompt(role)
        return EmbedCall(
            key=key, name=name, texts=texts, truncate=truncate, context=None, prompt=prompt, keep_alive=None,
            priority=priority,
        )  # fmt: skip
