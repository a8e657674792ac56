"""A sentence-transformers folder run by ONNX Runtime. Knows no queue and no text beyond tokens."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from embedingest.plugin import FolderEncoder, ModelLoadError
from embedingest_onnx.export import Exported, exported, padded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.plugin import ModelConfig, ModelFolder, TokenIds

__all__ = ["OnnxEncoder", "create"]


def create(
    folder: ModelFolder | None, settings: ModelConfig, *, threads: Annotated[int, Field(ge=1, le=1024)] | None = None
) -> OnnxEncoder:
    """The encoder of `encoder: onnx`. `precision` is `auto` or `fp32` (the model's vectors), or `int8`."""
    if folder is None:
        raise ModelLoadError("encoder `onnx` needs files", remedy="give the model a `path`: a model folder")
    if settings.precision not in {"auto", "fp32", "int8"}:
        raise ModelLoadError(f"encoder `onnx` has no precision `{settings.precision}`", remedy="fp32 or int8")
    return OnnxEncoder(folder, settings, threads=threads)


class OnnxEncoder(FolderEncoder):
    """The graph is exported and loaded with the first batch, so that a description costs nothing."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None) -> None:
        super().__init__(folder, settings)
        self.precision = "int8" if settings.precision == "int8" else "fp32"
        self.vector_class = "exact" if self.precision == "fp32" else "int8:onnx-dynamic"
        self._threads = threads
        self._pad = int(folder.config.get("pad_token_id") or 0)
        self._lock = threading.Lock()
        self._session: Any = None
        self._file: Exported | None = None

    @property
    def runtime(self) -> dict[str, str]:
        said = {"runtime": "onnxruntime", "precision": self.precision, "device": "cpu"}
        return said if self._file is None else {**said, "cosine": f"{self._file.cosine:.6f}"}

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Vectors at the end of the chain, float32 (N, D)."""
        if not batch:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        ids, mask = padded(self.with_specials(batch), self._pad)
        vectors = self._loaded().run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def close(self) -> None:
        """Give the graph back."""
        self._session = None

    def _loaded(self) -> Any:
        with self._lock:
            if self._session is None:
                import onnxruntime

                self._file = exported(self.folder, self.precision)
                options = onnxruntime.SessionOptions()
                options.log_severity_level = 3
                if self._threads is not None:
                    options.intra_op_num_threads = self._threads
                self._session = onnxruntime.InferenceSession(
                    self._file.path, options, providers=["CPUExecutionProvider"]
                )
            return self._session
