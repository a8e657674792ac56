"""Asks the engine for one representation of texts, whichever it is. Knows no rows and no threads."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from embedingest.engine.beside import late_engine, sparse_engine
from embedingest.engine.engine import SupportsTokens
from embedingest.errors import EngineError
from embedingest.store.terms import TERM
from embedingest.store.values import SPARSE, VECTOR

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from embedingest.engine.engine import Engine, Priority
    from embedingest.ingest.representation import Representation

__all__ = ["Computed", "compute"]


class Computed(NamedTuple):
    """The values of N texts, the tokens of all together, and which texts were cut to fit the model."""

    values: Sequence[NDArray[Any]]
    tokens: int
    truncated: Collection[int]


def compute(
    engine: Engine,
    representation: Representation,
    texts: Sequence[str],
    *,
    prompt: str,
    tokens: Sequence[Sequence[int]] | None = None,
    priority: Priority,
) -> Computed:
    """One representation of N texts, as they are stored. `tokens` are those of the texts, `prompt` is for vectors.

    Raises what the engine raises, and EngineError for an answer of the wrong shape.
    """
    if representation.column == VECTOR:
        return _vectors(engine, representation, texts, prompt, tokens, priority)
    if representation.column == SPARSE:
        return _sparse(engine, representation, texts, priority)
    return _late(engine, representation, texts, priority)


def _vectors(
    engine: Engine,
    representation: Representation,
    texts: Sequence[str],
    prompt: str,
    tokens: Sequence[Sequence[int]] | None,
    priority: Priority,
) -> Computed:
    model = representation.model
    if tokens is not None and isinstance(engine, SupportsTokens):
        answer = engine.embed_tokens(tokens, model=model, priority=priority)
    else:
        answer = engine.embed(texts, model=model, prompt=prompt, priority=priority)
    expected = (len(texts), representation.dimensions)
    if answer.vectors.shape != expected:
        raise EngineError(
            f"the engine answered {len(texts)} texts with vectors of shape {answer.vectors.shape}, not {expected}"
        )
    return Computed(list(answer.vectors), answer.tokens, answer.truncated)


def _sparse(engine: Engine, representation: Representation, texts: Sequence[str], priority: Priority) -> Computed:
    answer = sparse_engine(engine).embed_sparse(texts, model=representation.model, role="document", priority=priority)
    terms = np.empty(len(answer.tokens), TERM)
    terms["token"], terms["weight"] = answer.tokens, answer.weights
    parts = [terms[first:last] for first, last in itertools.pairwise(answer.offsets)]
    return Computed(parts, int(answer.token_counts.sum()), answer.truncated)


def _late(engine: Engine, representation: Representation, texts: Sequence[str], priority: Priority) -> Computed:
    answer = late_engine(engine).embed_late(texts, model=representation.model, role="document", priority=priority)
    if answer.vectors.shape[1:] != (representation.dimensions,):
        raise EngineError(
            f"the engine gave tokens vectors of shape {answer.vectors.shape[1:]}, not ({representation.dimensions},)"
        )
    vectors = answer.vectors.astype(np.float16)
    parts = [vectors[first:last] for first, last in itertools.pairwise(answer.offsets)]
    return Computed(parts, int(answer.token_counts.sum()), answer.truncated)
