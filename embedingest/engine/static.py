"""A static model: the vector of each token looked up, and their mean. Needs numpy alone; knows no queue and no text.

What sentence-transformers' StaticEmbedding gives: no special tokens, every token counts, also the one for unknown
words; a text without tokens has a zero vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.folder.encoder import FolderEncoder
from embedingest.engine.folder.settings_files import REMEDY
from embedingest.engine.folder.table import read_table
from embedingest.engine.folder.tensors import WeightsError, check_tensors
from embedingest.engine.folder.weights import read_header, read_tensor, weight_files
from embedingest.engine.vectors import finite_rows
from embedingest.errors import EngineClosedError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.module import Module

    Vectors = NDArray[np.float32]

__all__ = ["StaticEncoder", "create"]

_GATHERED_BYTES: Final = 2**20  # of rows at once, which stay in a core's cache
_LEAST_NORM: Final = 1e-12
_NORM_EPSILON: Final = 1e-5  # of torch's LayerNorm
_TANH: Final = "torch.nn.modules.activation.Tanh"  # of a Dense that names none
_ACTIVATIONS: Final[dict[str, Callable[[Vectors], Vectors]]] = {
    "Identity": lambda values: values,
    "Tanh": np.tanh,
    "ReLU": lambda values: np.maximum(values, 0),
    "Sigmoid": lambda values: np.reciprocal(1 + np.exp(-values)),
}


def create(folder: ModelFolder, settings: ModelConfig) -> StaticEncoder:
    """Load a static model's folder. Raises ModelLoadError."""
    return StaticEncoder(folder, settings)


class StaticEncoder(FolderEncoder):
    """A table of token vectors (V, D), averaged in fp32, and what the model's chain does to the mean."""

    batch_tokens = 32_768

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        super().__init__(folder, settings)
        if settings.precision == "int8":
            raise ModelLoadError(f"{folder.path} is a table, which runs in fp32 only", remedy="use `precision: auto`")
        check_tensors(folder)
        self._table: Vectors | None = read_table(folder.modules[0].path)
        if not finite_rows(self._table).all():
            raise WeightsError(f"the table of {folder.path} holds numbers that are none (NaN)", remedy=REMEDY)
        self._steps = [_step(module) for module in folder.tail]
        self._rows_at_once = max(1, _GATHERED_BYTES // (4 * self._table.shape[1]))
        self._ones = np.ones(self._rows_at_once, dtype=np.float32)

    @property
    def runtime(self) -> dict[str, str]:
        return {"runtime": "static", "precision": "fp32", "device": "cpu"}

    def encode(self, batch: Sequence[TokenIds]) -> Vectors:
        """Raw vectors, float32 (N, D)."""
        table = self._table
        if table is None:
            raise EngineClosedError("the model was unloaded")
        vectors = np.zeros((len(batch), table.shape[1]), dtype=np.float32)
        gathered = np.empty((self._rows_at_once, table.shape[1]), dtype=np.float32)
        for i, tokens in enumerate(batch):
            ids = np.asarray(tokens, dtype=np.int64)  # (T,)
            for first in range(0, len(ids), len(gathered)):
                part = ids[first : first + len(gathered)]
                # No id is clipped (the tokenizer was held against the table); it spares a copy.
                rows = np.take(table, part, axis=0, out=gathered[: len(part)], mode="clip")
                vectors[i] += self._ones[: len(part)] @ rows  # a product adds up faster than a sum does
            vectors[i] /= max(1, len(ids))
        for step in self._steps:
            vectors = step(vectors)
        return vectors

    def close(self) -> None:
        """Give the table back."""
        self._table = None


def _step(module: Module) -> Callable[[Vectors], Vectors]:
    """What one module does to pooled vectors. Raises ModelLoadError."""
    if module.kind == "Normalize":
        return lambda vectors: vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _LEAST_NORM)
    if module.kind == "Dropout":
        return lambda vectors: vectors
    tensors = dict(_tensors(module.path))
    return _dense(module, tensors) if module.kind == "Dense" else _layer_norm(tensors)


def _dense(module: Module, tensors: dict[str, Vectors]) -> Callable[[Vectors], Vectors]:
    name = str(module.config.get("activation_function", _TANH)).rpartition(".")[2]
    if name not in _ACTIVATIONS:
        raise ModelLoadError(
            f"activation `{name}` after the table of {module.path} is not known: {', '.join(_ACTIVATIONS)}",
            remedy="write an encoder plug-in for this model",
        )
    activate, weight, bias = _ACTIVATIONS[name], tensors["linear.weight"].T, tensors.get("linear.bias", 0.0)
    square = weight.shape[0] == weight.shape[1]
    residual: Any = tensors.get("residual.weight") if module.config.get("use_residual") and not square else None

    def dense(vectors: Vectors) -> Vectors:
        out = activate(vectors @ weight + bias)
        if not module.config.get("use_residual"):
            return out
        return out + (vectors if square else vectors @ residual.T)

    return dense


def _layer_norm(tensors: dict[str, Vectors]) -> Callable[[Vectors], Vectors]:
    def layer_norm(vectors: Vectors) -> Vectors:
        centred = vectors - vectors.mean(axis=1, keepdims=True)
        deviation = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + np.float32(_NORM_EPSILON))
        scaled: Vectors = centred / deviation * tensors["norm.weight"] + tensors["norm.bias"]
        return scaled

    return layer_norm


def _tensors(folder: Path) -> Iterator[tuple[str, Vectors]]:
    for file in weight_files(folder):
        header = read_header(file)
        for name in header.shapes:
            yield name, read_tensor(file, header, name).astype(np.float32, copy=False)
