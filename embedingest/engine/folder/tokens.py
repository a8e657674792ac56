"""The transformer of an embedding model alone, as a model of token vectors. Reads no file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embedingest.engine.folder.late import PLAIN
from embedingest.engine.folder.module import TOKENS, Module
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["token_dimensions", "token_folder"]


def token_dimensions(folder: ModelFolder) -> int:
    """The length of the vectors of its tokens; 0 for a model that has none."""
    if folder.kind == "late":
        return folder.dimensions
    return 0 if folder.is_static or folder.kind != "embedding" else token_folder(folder).dimensions


def token_folder(folder: ModelFolder) -> ModelFolder:
    """The transformer of an embedding model alone, whose answer are the vectors of its tokens before they are pooled.

    Raises ModelLoadError for a model without one.
    """
    if folder.is_static or folder.kind != "embedding":
        raise ModelLoadError(
            f"model {folder.name} has no transformer, and so no vectors of tokens in their text",
            remedy="name a late interaction model, or an embedding model that is a transformer",
        )
    tokens = Module(TOKENS, folder.modules[0].path, dict(PLAIN))
    return replace(folder, modules=(folder.modules[0], tokens), routes={})
