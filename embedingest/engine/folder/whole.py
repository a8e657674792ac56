"""Whether the files of a model folder belong together: weights to settings, tokenizer to weights. Loads no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.engine.folder.settings_files import REMEDY
from embedingest.engine.folder.tensors import check_tensors
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.tokenizer import FastTokenizer

__all__ = ["check_whole"]

_LEAST_SHARE: Final = 0.5  # of the table of words; tables are padded, but not to twice what the tokenizer knows


def check_whole(folder: ModelFolder, tokenizer: FastTokenizer) -> None:
    """Raises ModelLoadError for tensors or words that are of another model."""
    check_tensors(folder)
    rows = folder.config.get("vocab_size")
    if rows is None or _LEAST_SHARE * rows <= tokenizer.words <= rows:
        return
    if tokenizer.words > rows and tokenizer.largest_id() < rows:
        return
    raise ModelLoadError(
        f"{folder.tokenizer_path} knows {tokenizer.words} words and {folder.modules[0].path / 'config.json'} has "
        f"vocab_size: {rows}, so it is the tokenizer of another model",
        remedy=REMEDY,
    )
