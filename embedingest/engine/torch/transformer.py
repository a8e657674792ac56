"""One transformer of a model folder, loaded by sentence-transformers' own module and held against its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedingest.engine.folder.tensors import check_tensors
from embedingest.engine.torch.loading import (
    check_finite,
    check_known,
    check_report,
    check_size,
    check_words,
    quiet,
    reports,
)
from embedingest.engine.torch.stored import as_stored, widen
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["load_transformer"]


def load_transformer(folder: ModelFolder, *, device: str = "cpu") -> Any:
    """The folder's first module alone, ready to run in fp32: `token_embeddings` of its features are what it answers.

    For a sparse model these are the answers of a masked language model, V a token. Raises ModelLoadError.
    """
    import torch
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import MLMTransformer

    check_tensors(folder)
    check_known(folder)
    check_size(folder)
    kind = MLMTransformer if folder.kind == "sparse" else Transformer
    arguments = {"dtype": torch.float32, "use_safetensors": True, "ignore_mismatched_sizes": True}
    with quiet(), reports() as told:
        try:
            with as_stored():
                model = kind.load(
                    str(folder.modules[0].path),
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs=arguments,
                    config_kwargs=folder.told or None,
                )
        except Exception as error:
            raise ModelLoadError(
                f"sentence-transformers cannot load {folder.path}: {type(error).__name__}: {error}",
                remedy="copy or pull the model again",
            ) from error
    check_report(folder, told)
    check_finite(folder, model)
    check_words(folder, model.tokenizer)
    widen(model.to(device))
    return model.eval()
