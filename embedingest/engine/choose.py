"""Which built-in encoder runs a model folder: torch on a GPU, compiled on a CPU. Imports neither before it must."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from embedingest.engine import cpu

if TYPE_CHECKING:
    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import Encoder
    from embedingest.engine.folder import ModelFolder

__all__ = ["create"]

log = logging.getLogger(__name__)


def create(
    folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None, streams: int | None = None
) -> Encoder:
    """The encoder for the device of the settings; `auto` takes a GPU that torch can use, else the CPU."""
    if settings.device == "cpu" or (settings.device == "auto" and not _gpu()):
        from embedingest.engine.compiled import create as compiled

        return compiled(folder, settings, threads=threads, streams=streams)
    from embedingest.engine.sentence_transformers import create as torch

    return torch(folder, settings)


def _gpu() -> bool:
    if not cpu.gpu_present():
        return False
    import torch

    if not torch.cuda.is_available():
        log.info("a GPU driver is there, but this torch cannot use it: running on the CPU")
        return False
    return True
