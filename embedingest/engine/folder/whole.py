"""Whether the files of a model folder belong together: weights to settings, tokenizer to weights. Loads no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.engine.folder.settings_files import REMEDY
from embedingest.engine.folder.table import table_shape
from embedingest.engine.folder.tensors import check_tensors
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.tokenizer import FastTokenizer

__all__ = ["check_whole"]

_TABLES: Final = (
    "word_embeddings.weight",
    "embed_tokens.weight",
    "tok_embeddings.weight",
    "wte.weight",
    "shared.weight",
)
_LEAST_SHARE: Final = 0.5  # of the table of words; tables are padded, but not to twice what the tokenizer knows


def check_whole(folder: ModelFolder, tokenizer: FastTokenizer) -> None:
    """Raises ModelLoadError for tensors or words that are of another model."""
    check_tensors(folder)
    if folder.is_static:
        _check_static(folder, tokenizer)
        return
    rows = folder.config.get("vocab_size") or _rows_of_table(folder)
    if rows is None:
        return
    largest = tokenizer.largest_id()
    if _LEAST_SHARE * rows <= tokenizer.words <= rows and largest >= rows:
        raise ModelLoadError(
            f"{folder.tokenizer_path} has a word with the id {largest}, and the model of "
            f"{folder.modules[0].path / 'config.json'} has vocab_size: {rows}, so no vector for it",
            remedy="copy the tokenizer that the model was saved with, or the whole model, again",
        )
    if _LEAST_SHARE * rows <= tokenizer.words and largest < rows:
        return
    raise ModelLoadError(
        f"{folder.tokenizer_path} knows {tokenizer.words} words and {folder.modules[0].path / 'config.json'} has "
        f"vocab_size: {rows}, so it is the tokenizer of another model",
        remedy=REMEDY,
    )


def _check_static(folder: ModelFolder, tokenizer: FastTokenizer) -> None:
    rows, largest = table_shape(folder.modules[0].path)[0], tokenizer.largest_id()
    if largest >= rows:
        raise ModelLoadError(
            f"{folder.tokenizer_path} has a word with the id {largest}, and the table of {folder.modules[0].path} has "
            f"{rows} vectors",
            remedy="copy the tokenizer that the model was saved with, or the whole model, again",
        )


def _rows_of_table(folder: ModelFolder) -> int | None:
    """How many words the table of a model has whose settings leave that to the architecture."""
    shapes = (header.shapes.items() for _, header in folder.weights_of(folder.modules[0]))
    return next((shape[0] for found in shapes for name, shape in found if name.endswith(_TABLES) and shape), None)
