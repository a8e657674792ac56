"""A rerank call by late interaction: how well the tokens of each document answer those of the query. Knows no names."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from embedingest.engine.rerank import activated
from embedingest.errors import InputError
from embedingest.types import Reranked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from embedingest.engine.rerank import Activation
    from embedingest.types import LateEmbeddings

__all__ = ["DOCUMENTS_AT_ONCE", "LateScores", "max_sim"]

DOCUMENTS_AT_ONCE: Final = 256
"""So many documents have their token vectors in memory: some thousand of them would fill it."""


def max_sim(query: NDArray[np.float32], documents: LateEmbeddings) -> NDArray[np.float32]:
    """For each of N documents the mean, over the query's tokens, of the cosine to the document's nearest token.

    The query is float32 (T, D); the answer is float32 (N,), from -1 to 1, and -1 for a document without vectors. Times
    T it is the sum that ColBERT's makers take; for one query both give the same order.
    """
    scores = np.full(len(documents.offsets) - 1, -1.0, dtype=np.float32)
    for place, (start, end) in enumerate(zip(documents.offsets, documents.offsets[1:], strict=False)):
        if start < end and len(query):
            scores[place] = (query @ documents.vectors[start:end].T).max(axis=1).mean()
    return scores


@dataclass(slots=True)
class LateScores:
    """The scores of one call, first told of the query, then of one part of the documents after another.

    Seconds are of `time.perf_counter`.
    """

    began: float = field(default_factory=time.perf_counter)
    query: LateEmbeddings | None = None
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    counts: list[NDArray[np.int64]] = field(default_factory=list)
    truncated: list[int] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, start: int | None, part: LateEmbeddings) -> None:
        """The query (`None`), or the documents from `start` on."""
        for stage, took in part.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + took
        if start is None or self.query is None:
            self.query = part
            return
        self.scores.append(max_sim(self.query.vectors, part))
        self.counts.append(part.token_counts + self.query.token_counts.sum())
        cut = range(len(part.token_counts)) if self.query.truncated else part.truncated
        self.truncated += [start + place for place in cut]

    @contextlib.contextmanager
    def told_of(self, start: int | None) -> Iterator[None]:
        """A block in which what is said of a text is said of the query, or of the document that it is."""
        try:
            yield
        except InputError as error:
            index = None if start is None or error.index is None else start + error.index
            what = "the query" if start is None else f"document {index}"
            raise type(error)(f"{what}: {error.message}", index=index, remedy=error.remedy) from error

    def answer(self, activation: Activation | None) -> Reranked:
        """All of them."""
        assert self.query is not None
        return Reranked(
            scores=activated(np.concatenate([np.zeros(0, dtype=np.float32), *self.scores]), activation or "identity"),
            token_counts=np.concatenate([np.zeros(0, dtype=np.int64), *self.counts]),
            truncated=tuple(self.truncated),
            fingerprint=self.query.fingerprint,
            model=self.query.model,
            load_seconds=self.query.load_seconds,
            total_seconds=time.perf_counter() - self.began,
            seconds=self.seconds,
        )
