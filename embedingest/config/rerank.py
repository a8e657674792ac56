"""Which reranker orders the best hits of a search."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from embedingest.config.section import Name, Section
from embedingest.types import CANDIDATES, MOST_CANDIDATES

__all__ = ["Rerank", "RerankConfig"]


class RerankConfig(Section):
    """A reranker, and how many hits it scores. The name alone says the same with the usual number."""

    model: Name = Field(description="Name of a reranker, from `models:` or known by itself")
    candidates: int = Field(
        default=CANDIDATES, ge=1, le=MOST_CANDIDATES, description="The best hits so many are scored, and put in order"
    )


def _named(value: Any) -> Any:
    return {"model": value} if isinstance(value, str) else value


Rerank: TypeAlias = Annotated[
    RerankConfig | None, BeforeValidator(_named, json_schema_input_type=Name | RerankConfig | None)
]
