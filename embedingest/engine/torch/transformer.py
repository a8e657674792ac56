"""One transformer of a model folder, loaded by sentence-transformers' own module and held against its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedingest.engine.torch.loading import load_whole
from embedingest.engine.torch.stored import widen

if TYPE_CHECKING:
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["load_transformer"]


def load_transformer(folder: ModelFolder, *, device: str = "cpu") -> Any:
    """The folder's first module alone, ready to run in fp32: `token_embeddings` of its features are what it answers.

    For a sparse model these are the answers of a masked language model, V a token. Raises ModelLoadError.
    """
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import MLMTransformer

    kind = MLMTransformer if folder.kind == "sparse" else Transformer
    model = load_whole(folder, lambda settings: kind.load(str(folder.modules[0].path), **settings))
    widen(model.to(device))
    return model.eval()
