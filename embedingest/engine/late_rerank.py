"""How an engine reranks by a late interaction model, or by the token vectors of an embedding model.

Knows names and kinds of models; knows no runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.arguments import check, one_of, or_none
from embedingest.engine.engine import text_list
from embedingest.engine.folder.reranker import ACTIVATIONS
from embedingest.engine.kinds import check_reranks
from embedingest.engine.second import SecondCalls
from embedingest.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from embedingest.engine.engine import Priority
    from embedingest.engine.rerank import Activation
    from embedingest.types import Reranked

__all__ = ["LateReranking"]

_ACTIVATION: Final = or_none(one_of(*ACTIVATIONS))


class LateReranking(SecondCalls):
    """Answers `SupportsRerank.rerank` where the model is no reranker."""

    def _scores_pairs(self, model: str, query: str, activation: Activation | None) -> bool:
        """Whether a model is a reranker. Raises WrongKindError for one that cannot do as one, and TypeError and
        ConfigError for what is no query and no activation.
        """
        if not isinstance(query, str) or isinstance(query, Picture):
            raise TypeError(f"the query is a {type(query).__name__}, not a str")
        check(activation=(activation, _ACTIVATION))
        info = self.catalog.describe_key(self.catalog.find(model).key)
        check_reranks(info)
        return info.kind == "reranker"

    def _rerank_late(
        self, query: str, documents: Sequence[str], activation: Activation | None, **settings: Any
    ) -> Reranked:
        from embedingest.engine.maxsim import LateScores

        scores = LateScores()
        for start, *steps in self._parts(query, documents, **settings):
            with scores.told_of(start):
                scores.add(start, self._answer(*steps))
        return scores.answer(activation)

    async def _arerank_late(
        self, query: str, documents: Sequence[str], activation: Activation | None, **settings: Any
    ) -> Reranked:
        from embedingest.engine.maxsim import LateScores

        scores = LateScores()
        for start, *steps in self._parts(query, documents, **settings):
            with scores.told_of(start):
                answer = await self._aanswer(*steps)
            await self._in_thread(scores.add, start, answer)
        return scores.answer(activation)

    def _parts(
        self,
        query: str,
        documents: Sequence[str],
        *,
        model: str,
        truncate: bool,
        context: int | None,
        keep_alive: float | None,
        priority: Priority,
    ) -> Iterator[tuple[Any, ...]]:
        """The calls: of the query, then of some documents each, with the place of the first (the query has none).

        What is said of how long the model stays holds from the last one on, so that it stays until then.
        """
        from embedingest.engine.maxsim import DOCUMENTS_AT_ONCE

        listed = text_list(documents)
        starts = [None, *range(0, len(listed), DOCUMENTS_AT_ONCE)]
        for start in starts:
            texts = [query] if start is None else listed[start : start + DOCUMENTS_AT_ONCE]
            call, *steps = self._late(texts, model, "query" if start is None else "document", truncate, priority)
            call.context = context
            call.keep_alive = keep_alive if start == starts[-1] else None
            yield start, call, *steps
