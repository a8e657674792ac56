"""Which models give vectors and which score pairs, and what is said to who asks one for the other. Knows no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from embedingest.types import ModelInfo

__all__ = ["WrongKindError", "check_embeds", "check_reranks"]


class WrongKindError(ConfigError):
    """A reranker was asked for vectors, or an embedding model for scores of pairs."""


def check_embeds(info: ModelInfo) -> None:
    """Raises WrongKindError for a model that gives no vectors."""
    if info.kind == "reranker":
        raise WrongKindError(
            f"model {info.name} is a reranker: it scores a document against a query, and gives no vectors",
            remedy="name an embedding model here; a reranker is asked by `/api/rerank`, or `Engine.rerank`",
        )


def check_reranks(info: ModelInfo) -> None:
    """Raises WrongKindError for a model that scores no pairs."""
    if info.kind != "reranker":
        raise WrongKindError(
            f"model {info.name} is an embedding model: it gives vectors of {info.dimensions} numbers, and scores no "
            "pairs of texts",
            remedy="name a reranker: the folder of a cross-encoder, such as BAAI/bge-reranker-base, given a name by "
            "`models: NAME: {path: FOLDER}`",
        )
