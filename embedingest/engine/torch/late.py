"""The reference of late interaction: a transformer and its projection run by torch in fp32, a vector for each token.

Local files only, safetensors only, no code from the model folder. Knows no queue and no text.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.folder.encoder import rectangle
from embedingest.engine.folder.late import PROJECTED
from embedingest.engine.folder.late_rows import FolderLate
from embedingest.engine.folder.module import PROJECTION
from embedingest.engine.folder.settings_files import REMEDY
from embedingest.engine.folder.tensors import WeightsError
from embedingest.engine.folder.weights import is_finite, read_header, read_tensor, weight_files
from embedingest.engine.scheduling.scheduler import BATCH_TOKENS
from embedingest.engine.torch.loading import check_finite, device_of
from embedingest.engine.torch.padding import by_length
from embedingest.engine.torch.transformer import load_transformer
from embedingest.engine.vectors import normalise, ragged
from embedingest.errors import EngineClosedError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.late_rows import ReadRow
    from embedingest.engine.folder.module import Module

__all__ = ["TorchLate", "create"]

_GPU_BATCH_TOKENS: Final = 32_768
_LEAST_DIFFERENCE: Final = 1e-3  # of a token's vector beside a longer text, from which on padding counts


def create(folder: ModelFolder, settings: ModelConfig) -> TorchLate:
    """Load a late interaction model onto the device of the settings. Raises ModelLoadError."""
    return TorchLate(folder, settings)


class TorchLate(FolderLate):
    """A late interaction folder run by torch, in fp32 on every device."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        super().__init__(folder, settings)
        if settings.precision == "int8":
            raise ModelLoadError(f"torch does not run {folder.path} in int8", remedy="use `precision: auto`")
        self._device = device_of(settings.device)
        self.batch_tokens = _GPU_BATCH_TOKENS if self._device.startswith("cuda") else BATCH_TOKENS
        self._model: Any = load_transformer(folder, device=self._device)
        self._steps = [_dense(folder, module).to(self._device) for module in folder.modules[1:-1]]
        self._alone = self._padding_counts()

    @property
    def runtime(self) -> dict[str, str]:
        facts = {"runtime": "torch", "precision": "fp32", "device": self._device}
        return {**facts, "padding": "none"} if self._alone else facts

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[Any]:
        """See `LateEncoder.encode`."""
        rows = [self.read(row) for row in batch]
        out: list[NDArray[np.float32]] = [np.empty(0, dtype=np.float32)] * len(rows)
        groups = by_length([row.ids for row in rows]) if self._alone else [list(range(len(rows)))] if rows else []
        for group in groups:
            for place, vectors in zip(group, self._batch([rows[i] for i in group]), strict=True):
                out[place] = normalise(vectors[: len(rows[place].ids)][rows[place].counts])
        return ragged(out)

    def close(self) -> None:
        """Give the weights back."""
        self._model = None
        self._steps = []
        gc.collect()

    def _batch(self, rows: Sequence[ReadRow]) -> NDArray[np.float32]:
        """The vectors of all tokens of N rows, padding too, float32 (N, T, D)."""
        import torch

        if self._model is None:
            raise EngineClosedError("the model was unloaded")
        ids, mask = rectangle([row.ids for row in rows], pad=self._pad, width=max(len(row.ids) for row in rows))
        for row, seen in zip(rows, mask, strict=True):
            seen[row.attended :] = 0
        features = {"input_ids": ids, "attention_mask": mask}
        with torch.inference_mode():
            tensors = {name: torch.from_numpy(array).to(self._device) for name, array in features.items()}
            vectors = self._model(tensors)["token_embeddings"].float()
            for step in self._steps:
                vectors = step({"token_embeddings": vectors})["token_embeddings"]
            out: NDArray[np.float32] = vectors.cpu().numpy()
        return out

    def _padding_counts(self) -> bool:
        """Whether a token's vector is another one beside a longer text."""
        words = [*self.tokenize(["the sky is blue"])[0]] * 8
        short, long = (self.read(self.row(words[:most], "document")) for most in (2, self.room("document")))
        alone, beside = self._batch([short])[0], self._batch([short, long])[0, : len(short.ids)]
        return not np.allclose(alone, beside, rtol=0, atol=_LEAST_DIFFERENCE)


def _dense(folder: ModelFolder, module: Module) -> Any:
    """A Dense over vectors of tokens. Raises ModelLoadError."""
    import torch
    from sentence_transformers.base.modules import Dense

    if module.kind == PROJECTION:
        weight = torch.from_numpy(_projection(module))
        return Dense(
            weight.shape[1], weight.shape[0], bias=False, activation_function=torch.nn.Identity(), init_weight=weight,
            module_input_name="token_embeddings",
        )  # fmt: skip
    dense = Dense.load(str(module.path), local_files_only=True)
    dense.module_input_name = dense.module_output_name = "token_embeddings"
    check_finite(folder, dense)
    return dense.float().eval()


def _projection(module: Module) -> NDArray[np.float32]:
    """The matrix beside the transformer's tensors, float32 (D, H). Raises ModelLoadError."""
    for file in weight_files(module.path):
        header = read_header(file)
        if PROJECTED not in header.shapes:
            continue
        due = (module.config["out_features"], module.config["in_features"])
        if header.shapes[PROJECTED] != due or not is_finite(file, header, PROJECTED):
            raise WeightsError(
                f"`{PROJECTED}` of {file} has the shape {list(header.shapes[PROJECTED])}, and numbers in "
                f"{list(due)} are due",
                remedy=REMEDY,
            )
        return read_tensor(file, header, PROJECTED).astype(np.float32, copy=False)
    raise WeightsError(f"the weights of {module.path} lack `{PROJECTED}`", remedy=REMEDY)
