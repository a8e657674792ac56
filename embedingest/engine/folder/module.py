"""One step of a model's chain, as a value. Knows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PROJECTION", "SCORES", "SPARSE", "SPLADE", "TOKENS", "WORD_WEIGHTS", "Module"]

SCORES: Final = "Scores"
"""What follows a cross-encoder's transformer: its one number, put through an activation. Has no files of its own."""

TOKENS: Final = "TokenVectors"
"""What follows a late interaction model's last layer: which vectors count. Has no files of its own."""

PROJECTION: Final = "Projection"
"""The Dense of a late interaction model whose matrix lies in the transformer's own file."""

SPLADE: Final = "SpladePooling"
"""What makes weights for tokens of the answers of a masked language model."""

WORD_WEIGHTS: Final = "SparseStaticEmbedding"
"""A weight for each token of the vocabulary, which a text has where it has the token."""

SPARSE: Final = (SPLADE, WORD_WEIGHTS)
"""What a sparse model ends with."""


@dataclass(frozen=True, slots=True)
class Module:
    """One step of the chain: its kind (`Transformer`, `Pooling`, `Dense`, …), folder and settings."""

    kind: str
    path: Path
    config: dict[str, Any]
