"""A sparse model without a network: a weight for each token, which a text with the token has. Needs numpy alone.

What sentence-transformers' SparseStaticEmbedding gives, as queries of models that only documents are computed by: no
special tokens, and a token that stands there twice counts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from embedingest.engine.folder.encoder import FolderEncoder
from embedingest.engine.folder.settings_files import REMEDY
from embedingest.engine.folder.table import read_weights
from embedingest.engine.folder.tensors import WeightsError
from embedingest.errors import EngineClosedError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["WordWeights", "create"]


def create(folder: ModelFolder, settings: ModelConfig) -> WordWeights:
    """Load a list of weights. Raises ModelLoadError."""
    return WordWeights(folder, settings)


class WordWeights(FolderEncoder):
    """The weight of each token (V,). Its vectors are the weights of all V tokens, 0 where a text has not the token."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        super().__init__(folder, settings)
        if settings.precision == "int8":
            raise ModelLoadError(f"{folder.path} is a list of weights, which is not made smaller", remedy="use `auto`")
        self._weights: NDArray[np.float32] | None = read_weights(folder.modules[0].path)
        if not np.isfinite(self._weights).all():
            raise WeightsError(f"the weights of {folder.path} hold numbers that are none (NaN)", remedy=REMEDY)

    @property
    def runtime(self) -> dict[str, str]:
        return {"runtime": "static", "precision": "fp32", "device": "cpu"}

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """The weights of N texts, float32 (N, V)."""
        if self._weights is None:
            raise EngineClosedError("the model was unloaded")
        rows = np.zeros((len(batch), self.dimensions), dtype=np.float32)
        for row, tokens in zip(rows, batch, strict=True):
            ids = np.asarray(tokens, dtype=np.int64)
            row[ids] = self._weights[ids]
        return rows

    def close(self) -> None:
        """Give the weights back."""
        self._weights = None
