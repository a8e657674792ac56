"""The reference of sparse models: a masked language model run by torch in fp32, and SPLADE's pooling of its answers.

Local files only, safetensors only, no code from the model folder. Knows no queue and no text.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.folder.encoder import FolderEncoder, rectangle
from embedingest.engine.scheduling.scheduler import BATCH_TOKENS
from embedingest.engine.torch.loading import device_of
from embedingest.engine.torch.padding import each_length
from embedingest.engine.torch.transformer import load_transformer
from embedingest.errors import EngineClosedError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["TorchSparse", "create"]

_LARGEST_ANSWER: Final = 2**25  # numbers of a batch, V a token: 128 MiB
_LEAST_TOKENS: Final = 64
_LEAST_DIFFERENCE: Final = 1e-3  # of a text's weights beside a longer text, from which on padding counts


def create(folder: ModelFolder, settings: ModelConfig) -> TorchSparse:
    """Load a sparse model onto the device of the settings. Raises ModelLoadError."""
    return TorchSparse(folder, settings)


class TorchSparse(FolderEncoder):
    """A SPLADE folder run by torch, in fp32 on every device. Its vectors are the weights of all V tokens."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        super().__init__(folder, settings)
        if settings.precision == "int8":
            raise ModelLoadError(f"torch does not run {folder.path} in int8", remedy="use `precision: auto`")
        self._device = device_of(settings.device)
        self.batch_tokens = min(BATCH_TOKENS, max(_LEAST_TOKENS, _LARGEST_ANSWER // self.dimensions))
        pooling = folder.modules[-1].config
        self._sums = pooling["pooling_strategy"] == "sum"
        self._logarithms = 2 if pooling["activation_function"] == "log1p_relu" else 1
        self._model: Any = load_transformer(folder, device=self._device)
        self._alone = self._padding_counts()

    @property
    def runtime(self) -> dict[str, str]:
        facts = {"runtime": "torch", "precision": "fp32", "device": self._device}
        return {**facts, "padding": "none"} if self._alone else facts

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """The weights of N texts, float32 (N, V)."""
        rows = self.with_specials(batch)
        if not self._alone or not rows:
            return self._batch(rows)
        return each_length(rows, self._batch)

    def close(self) -> None:
        """Give the weights back."""
        self._model = None
        gc.collect()

    def _batch(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import torch

        if self._model is None:
            raise EngineClosedError("the model was unloaded")
        if not rows:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        ids, mask = (
            torch.from_numpy(array).to(self._device)
            for array in rectangle(rows, pad=self._pad, width=max(map(len, rows)))
        )
        with torch.inference_mode():
            answers = self._model({"input_ids": ids, "attention_mask": mask})["token_embeddings"].float()  # (N, T, V)
            answers.masked_fill_(mask[:, :, None] == 0, 0.0)
            weights = self._logarithm(answers).sum(dim=1) if self._sums else self._logarithm(answers.amax(dim=1))
            out: NDArray[np.float32] = weights.cpu().numpy()
        return out

    def _logarithm(self, answers: Any) -> Any:
        """log(1 + what is above 0), in place; it grows with its argument, so the largest is found before it as well."""
        answers.relu_()
        for _ in range(self._logarithms):
            answers.log1p_()
        return answers

    def _padding_counts(self) -> bool:
        """Whether a text's weights are others beside a longer text, as in models that read what is behind a text."""
        words = [*self.tokenize(["the sky is blue"])[0]] * 8
        short, long = self.with_specials([words[:2], words[: self.max_tokens - self.special_tokens]])
        alone, beside = self._batch([short])[0], self._batch([short, long])[0]
        return not np.allclose(alone, beside, rtol=0, atol=_LEAST_DIFFERENCE)
