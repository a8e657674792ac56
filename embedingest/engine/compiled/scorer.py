"""A reranker compiled by OpenVINO, made, gated, kept and run as an encoder is. Knows no queue and no text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from embedingest.engine.compiled.graphs import BATCH_TOKENS
from embedingest.engine.compiled.opening import opened
from embedingest.engine.folder.scorer import FolderScorer
from embedingest.engine.precision import vector_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.graphs import Share
    from embedingest.engine.compiled.running import Successor
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.scorer import Pair

__all__ = ["CompiledScorer"]


class CompiledScorer(FolderScorer):
    """A cross-encoder's folder run by OpenVINO on the CPU."""

    batch_tokens = BATCH_TOKENS

    def __init__(self, folder: ModelFolder, settings: ModelConfig, share: Share, successor: Successor) -> None:
        super().__init__(folder, settings)
        self.vector_class = vector_class(settings.precision)
        self.model = opened(folder, settings, share, successor)
        self.parallel = self.model.parallel

    @property
    def runtime(self) -> dict[str, str]:
        return self.model.runtime

    def score(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """See `Scorer.score`."""
        if not pairs:
            return np.zeros(0, dtype=np.float32)
        if self.model.instead is not None:
            numbers: NDArray[np.float32] = self.model.instead.score(pairs)
            return numbers
        return self.model.vectors(self.rows(pairs))[:, 0]

    def close(self) -> None:
        """Give the weights back."""
        self.model.close()
