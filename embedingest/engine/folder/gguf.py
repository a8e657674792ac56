"""Models for llama.cpp, which are no model folders. Knows nothing of those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["refuse_gguf"]

_NO_GGUF: Final = (
    "`pip install embedingest-llamacpp` brings what runs it, by `encoder: llamacpp` beside the `path`; or give the "
    "sentence-transformers folder of the model (`embedingest models pull NAMESPACE/MODEL`)"
)


def refuse_gguf(path: Path) -> None:
    """Raises ModelLoadError where a GGUF file, or a folder of these, stands for a model folder. Raises OSError."""
    if _is_gguf(path):
        raise ModelLoadError(f"{path} is a model for llama.cpp (GGUF), not a model folder", remedy=_NO_GGUF)


def _is_gguf(path: Path) -> bool:
    """Whether a file is a GGUF, or a folder holds these and no model of another kind."""
    if path.is_dir():
        return not any(path.glob("*.json")) and any(path.glob("*.gguf"))
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"
