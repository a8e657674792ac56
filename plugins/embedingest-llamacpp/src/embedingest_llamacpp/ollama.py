"""Ollama's store on this disk: from a model's name to its GGUF file. Read only; asks no server."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Final

from embedingest.plugin import ModelLoadError

__all__ = ["stored_model"]

_NAME: Final = re.compile(r"(?:(?P<space>[\w-]+)/)?(?P<model>[\w.-]+?)(?::(?P<tag>[\w.-]+))?")
_WEIGHTS: Final = "application/vnd.ollama.image.model"
_LARGEST_BYTES: Final = 2**20


def stored_model(name: str) -> tuple[Path, str]:
    """The file of a model, and the fingerprint that a table has which Ollama's server made with it.

    Raises ModelLoadError where the store has no such model.
    """
    asked = _NAME.fullmatch(name)
    if asked is None or ".." in name:
        raise ModelLoadError(f"`{name}` is no name of a model of Ollama's", remedy="write it as `ollama list` does")
    below = Path("registry.ollama.ai", asked["space"] or "library", asked["model"], asked["tag"] or "latest")
    for store in _stores():
        manifest = store / "manifests" / below
        if manifest.is_file() and manifest.stat().st_size <= _LARGEST_BYTES:
            told = manifest.read_bytes()
            # What Ollama tells of a model as its digest is that of this file.
            return _weights(store, told, name), f"ollama-{hashlib.sha256(told).hexdigest()[:32]}"
    looked = ", ".join(map(str, _stores()))
    raise ModelLoadError(
        f"Ollama's store has no `{name}` (looked in {looked})", remedy="`embedingest models list` shows what it has"
    )


def _stores() -> list[Path]:
    if value := os.environ.get("OLLAMA_MODELS"):
        return [Path(value)]
    return [Path.home() / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models")]


def _weights(store: Path, manifest: bytes, name: str) -> Path:
    try:
        layers = json.loads(manifest)["layers"]
        digest = next(layer["digest"] for layer in layers if layer["mediaType"] == _WEIGHTS)
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise ModelLoadError(f"Ollama's manifest of `{name}` names no weights") from error
    if re.fullmatch(r"sha256[:-][0-9a-f]{64}", str(digest)) is None:
        raise ModelLoadError(f"Ollama's manifest of `{name}` names weights as {str(digest)[:80]!r}")
    return store / "blobs" / str(digest).replace(":", "-")
