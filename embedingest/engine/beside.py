"""Engines that give more of a text than one vector, where that is needed. Knows no runtime."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embedingest.engine.kinds import check_late, check_sparse
from embedingest.engine.late import SupportsLate
from embedingest.engine.sparse import SupportsSparse
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from embedingest.engine.engine import Engine
    from embedingest.types import ModelInfo

__all__ = ["described_beside", "late_engine", "sparse_engine"]


def sparse_engine(engine: Engine) -> SupportsSparse:
    """The engine, which gives weights for terms. Raises ConfigError for one that gives none."""
    if isinstance(engine, SupportsSparse):
        return engine
    raise ConfigError("this engine gives no weights for terms", remedy="leave out `sparse`, or set `engine: local`")


def late_engine(engine: Engine) -> SupportsLate:
    """The engine, which gives vectors of tokens. Raises ConfigError for one that gives none."""
    if isinstance(engine, SupportsLate):
        return engine
    raise ConfigError("this engine gives no vectors of tokens", remedy="leave out `late`, or set `engine: local`")


def described_beside(engine: Engine, column: str, model: str) -> ModelInfo:
    """What is known of the model of a column beside the vector, without loading it. Its dimensions are the column's.

    Raises ModelNotFoundError, and ConfigError where this engine or model makes no such column.
    """
    (sparse_engine if column == "sparse" else late_engine)(engine)
    info = engine.describe(model)
    (check_sparse if column == "sparse" else check_late)(info)
    if column == "sparse" or info.kind == "late":
        return info
    return replace(info, dimensions=info.token_dimensions)  # an embedding model's, before they are pooled
