"""Which models give which kind of answer, and what is said to who asks one for another. Knows no files."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from embedingest.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embedingest.types import ModelInfo, ModelKind

__all__ = ["WrongKindError", "check_embeds", "check_late", "check_reranks", "check_sparse", "of_kind", "rerankers"]


class WrongKindError(ConfigError):
    """A model was asked for what another kind of model gives."""


def check_embeds(info: ModelInfo) -> None:
    """Raises WrongKindError for a model that gives no vector of a text."""
    if info.kind != "embedding":
        raise WrongKindError(
            f"model {info.name} is {_is(info)}, and gives no vectors of whole texts",
            remedy=f"name an embedding model here; {_asked(info)}",
        )


def check_sparse(info: ModelInfo) -> None:
    """Raises WrongKindError for a model that gives no weights for tokens."""
    if info.kind != "sparse":
        raise WrongKindError(
            f"model {info.name} is {_is(info)}, and gives no weights for the tokens of a vocabulary",
            remedy="name a sparse model: a folder that `SparseEncoder(...).save(folder)` wrote, such as that of "
            f"naver/splade-v3; {_asked(info)}",
        )


def check_late(info: ModelInfo) -> None:
    """Raises WrongKindError for a model that gives no vectors of tokens."""
    if info.kind != "late" and not info.token_dimensions:
        raise WrongKindError(
            f"model {info.name} is {_is(info)}, and gives no vectors of tokens",
            remedy="name a late interaction model, such as lightonai/GTE-ModernColBERT-v1, or an embedding model; "
            f"{_asked(info)}",
        )


def check_reranks(info: ModelInfo) -> None:
    """Raises WrongKindError for a model that scores no pairs, and has no vectors of tokens to score by."""
    if info.kind not in ("reranker", "late") and not info.token_dimensions:
        raise WrongKindError(
            f"model {info.name} is {_is(info)}, and scores no pairs of texts",
            remedy="name a reranker: the folder of a cross-encoder, such as BAAI/bge-reranker-base, given a name by "
            "`models: NAME: {path: FOLDER}`",
        )


def rerankers(names: Iterable[str], describe: Callable[[str], ModelInfo]) -> list[str]:
    """Those of `names` that are rerankers: models that do nothing else than score pairs of texts."""
    return of_kind("reranker", names, describe)


def of_kind(kind: ModelKind, names: Iterable[str], describe: Callable[[str], ModelInfo]) -> list[str]:
    """Those of `names` that are of a kind. Looks into the files of all; what cannot be described is none."""
    found = []
    for name in names:
        with suppress(EngineError, ConfigError):
            if describe(name).kind == kind:
                found.append(name)
    return found


def _is(info: ModelInfo) -> str:
    """What a model is, and does."""
    if info.kind == "reranker":
        return "a reranker: it scores a document against a query"
    if info.kind == "sparse":
        return f"a sparse model: it gives weights for the {info.dimensions} tokens of its vocabulary"
    if info.kind == "late":
        return f"a late interaction model: it gives a vector of {info.dimensions} numbers for each token"
    return f"an embedding model: it gives vectors of {info.dimensions} numbers"


def _asked(info: ModelInfo) -> str:
    """How a model is asked for what it gives."""
    if info.kind == "reranker":
        return "a reranker is asked by `/api/rerank`, or `Engine.rerank`"
    if info.kind == "embedding":
        return "an embedding model is asked by `/api/embed`, or `Engine.embed`"
    return f"this one is asked by `Engine.embed_{info.kind}`, and in a table by `{info.kind}: {info.name}`"
