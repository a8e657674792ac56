"""The reference: the model run by torch through sentence-transformers' own modules. Also the path for GPUs.

Local files only, safetensors only, no code from the model folder. Knows no queue and no text.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from embedingest.engine.local_encoder import FolderEncoder, rectangle
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder import ModelFolder

__all__ = ["TorchEncoder", "create", "load_chain"]

log = logging.getLogger(__name__)


def create(folder: ModelFolder, settings: ModelConfig) -> TorchEncoder:
    """Load a model folder onto the device of the settings. Raises ModelLoadError."""
    return TorchEncoder(folder, settings)


def load_chain(folder: ModelFolder, *, device: str = "cpu", attention: str | None = None) -> Any:
    """The module chain of a folder as sentence-transformers builds it, in fp32, ready to run.

    `attention` names an attention implementation of transformers. Raises ModelLoadError.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    # transformers would take the stored type, and half precision on a CPU is slow and inexact.
    arguments: dict[str, Any] = {"dtype": torch.float32, "use_safetensors": True}
    if attention is not None:
        arguments["attn_implementation"] = attention
    try:
        with _quiet():
            chain = SentenceTransformer(
                str(folder.path),
                device=device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs=arguments,
            )
    except Exception as error:
        raise ModelLoadError(
            f"sentence-transformers cannot load {folder.path}: {type(error).__name__}: {error}",
            remedy="check the folder with `embedingest doctor`",
        ) from error
    return chain.eval()


def _device(asked: str) -> str:
    import torch

    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "cpu"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars on standard error while weights are read."""
    import transformers

    progress: Any = transformers.utils.logging

    was_shown = progress.is_progress_bar_enabled()
    progress.disable_progress_bar()
    try:
        yield
    finally:
        if was_shown:
            progress.enable_progress_bar()


class TorchEncoder(FolderEncoder):
    """A sentence-transformers folder run by torch in fp32."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        super().__init__(folder, settings)
        self._device = _device(settings.device)
        self._chain = load_chain(folder, device=self._device)

    @property
    def runtime(self) -> dict[str, str]:
        return {"runtime": "torch", "precision": "fp32", "device": self._device}

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Raw vectors, float32 (N, D)."""
        import torch

        rows = self.with_specials(batch)
        ids, mask = rectangle(rows, pad=self._pad, width=max(map(len, rows), default=0))
        features: dict[str, Any] = {
            "input_ids": torch.from_numpy(ids).to(self._device),
            "attention_mask": torch.from_numpy(mask).to(self._device),
        }
        with torch.inference_mode():
            vectors: NDArray[np.float32] = self._chain(features)["sentence_embedding"].float().cpu().numpy()
        return vectors

    def close(self) -> None:
        """Give the weights back."""
        self._chain = None
