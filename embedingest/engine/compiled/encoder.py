"""The path on a CPU: the model compiled by OpenVINO. Once made it starts without torch.

Made once by way of torch, held against torch's own fp32 forward at the gate, kept in the user's cache. Where it cannot
be made or fails the gate, torch serves. Encoders and scorers go the same way. Knows no queue and no text.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from embedingest.engine import cancellation
from embedingest.engine.compiled.graphs import BATCH_TOKENS, Share
from embedingest.engine.compiled.opening import UnfitError, entry_of, key_of, opened
from embedingest.engine.compiled.scorer import CompiledScorer
from embedingest.engine.folder.encoder import FolderEncoder
from embedingest.engine.precision import vector_class
from embedingest.engine.static import create as static
from embedingest.engine.vectors import empty_rows
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.note import Trial
    from embedingest.engine.compiled.running import Successor
    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.scorer import Scorer

__all__ = ["CompiledEncoder", "create"]

_log = logging.getLogger(__name__)


def create(
    folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None, streams: int | None = None
) -> Encoder | Scorer:
    """The compiled encoder or scorer of a folder, made now if it was never made; torch's where that cannot be.

    `threads` bounds the cores, `streams` how many batches run side by side. Raises ModelLoadError.
    """
    if folder.is_static:  # nothing to compile
        return static(folder, settings)
    share = Share.of(threads, streams)

    def successor(tried: list[Trial] | None) -> Encoder | Scorer:
        if tried is not None:
            entry_of(folder, settings, key_of(folder, settings, share), share, [], tried)
        return create(folder, settings, threads=threads, streams=streams)

    try:
        kind = CompiledScorer if folder.is_reranker else CompiledEncoder
        return kind(folder, settings, share, successor)
    except (UnfitError, ImportError) as error:
        if settings.precision == "int8":
            # torch would give vectors of another class under the same name.
            raise ModelLoadError(
                f"model {folder.path} cannot run in int8: {error}", remedy="use `precision: auto`"
            ) from error
        _log.warning("torch runs model %s: %s", folder.path, error)
    cancellation.check()
    return _by_torch(folder, settings)


def _by_torch(folder: ModelFolder, settings: ModelConfig) -> Encoder | Scorer:
    if folder.is_reranker:
        from embedingest.engine.torch.scorer import create as torch_scorer

        return torch_scorer(folder, settings)
    from embedingest.engine.torch.encoder import create as torch_encoder

    return torch_encoder(folder, settings)


class CompiledEncoder(FolderEncoder):
    """A model folder run by OpenVINO on the CPU."""

    batch_tokens = BATCH_TOKENS

    def __init__(self, folder: ModelFolder, settings: ModelConfig, share: Share, successor: Successor) -> None:
        super().__init__(folder, settings)
        self.vector_class = vector_class(settings.precision)
        self.model = opened(folder, settings, share, successor)
        self.parallel = self.model.parallel

    @property
    def runtime(self) -> dict[str, str]:
        return self.model.runtime

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Raw vectors, float32 (N, D)."""
        if self.model.instead is not None:
            vectors: NDArray[np.float32] = self.model.instead.encode(batch)
            return vectors
        return self.model.vectors(self.with_specials(batch)) if batch else empty_rows(0, self.dimensions)

    def close(self) -> None:
        """Give the weights back."""
        self.model.close()
