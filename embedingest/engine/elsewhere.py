"""Embedding models that lie on this disk for other programs: the Hugging Face cache, Ollama's store, GGUF files.

Reads names, sizes and headers; never a weight, and never writes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.hub.cache import cached_repositories, snapshot_of
from embedingest.engine.known import is_known
from embedingest.engine.names import InvalidNameError, ModelName
from embedingest.regular import read_bounded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["FoundModel", "models_elsewhere", "ollama_store"]

_LARGEST_MANIFEST_BYTES: Final = 2**20
_MOST_GGUF_KEYS: Final = 4096
_LONGEST_GGUF_TEXT: Final = 2**16
_GGUF_SIZES: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_GGUF_TEXT: Final = 8
_GGUF_LIST: Final = 9
_ARCHITECTURE: Final = "general.architecture"


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One model: its name here or there, where it lies, its size on the disk, and what to do to use it."""

    name: str
    place: str
    path: str
    size_bytes: int
    use: str


def models_elsewhere() -> list[FoundModel]:
    """What lies here, by name. What cannot be read is left out."""
    return sorted((*_cached(), *_in_ollama()), key=lambda found: (found.place, found.name))


def ollama_store() -> list[Path]:
    """Where Ollama's store may lie: `$OLLAMA_MODELS`, else that of this user and that of the service on Linux."""
    if value := os.environ.get("OLLAMA_MODELS"):
        return [Path(value)]
    return [Path(os.path.expanduser("~/.ollama/models")), Path("/usr/share/ollama/.ollama/models")]  # noqa: PTH111


def is_embedding_gguf(path: Path) -> bool:
    """Whether a GGUF file is an embedding model by its header: a kind of pooling, or an encoder's architecture."""
    try:
        with path.open("rb") as file:
            told = _gguf_keys(file)
    except (OSError, ValueError, struct.error):
        return False
    architecture = str(told.get(_ARCHITECTURE, ""))
    return f"{architecture}.pooling_type" in told or "bert" in architecture or architecture == "gemma-embedding"


def _cached() -> Iterator[FoundModel]:
    for name, folder in cached_repositories():
        with contextlib.suppress(OSError):
            if (snapshot := snapshot_of(folder)) is not None:
                plain = name.plain
                use = f"use it as it is: `--model {plain}`"
                yield FoundModel(name.short, "Hugging Face cache", str(snapshot), _size(snapshot), use)
            for file in sorted((folder / "snapshots").glob("*/**/*.gguf")):
                if is_embedding_gguf(file):
                    plain = name.plain
                    use = _use_of_gguf(re.sub(r"(?i)-gguf$", "", plain), file)
                    yield FoundModel(f"{plain}/{file.name}", "GGUF", str(file), file.stat().st_size, use)


def _in_ollama() -> Iterator[FoundModel]:
    """The models of Ollama's store whose manifest names an embedding model."""
    for store in ollama_store():
        with contextlib.suppress(OSError):
            for manifest in sorted((store / "manifests").glob("*/*/*/*")):
                host, namespace, model, tag = manifest.parts[-4:]
                with contextlib.suppress(OSError, ValueError, InvalidNameError):
                    name = ModelName.parse(f"{host}/{namespace}/{model}:{tag}")
                    weights, size = _weights_of(store, read_bounded(manifest, _LARGEST_MANIFEST_BYTES))
                    if is_embedding_gguf(weights):
                        plain = name.plain
                        yield FoundModel(name.short, "Ollama's store", str(weights), size, _use_of_gguf(plain, weights))


def _weights_of(store: Path, manifest: bytes) -> tuple[Path, int]:
    """The weights that a manifest names, and their size in bytes. Raises ValueError where it names none."""
    told = json.loads(manifest)
    for layer in told.get("layers", ()) if isinstance(told, dict) else ():
        match layer:
            case {"mediaType": "application/vnd.ollama.image.model", "digest": str(digest), "size": int(size)}:
                name = digest.replace(":", "-")
                if "/" not in name and "\\" not in name:
                    return store / "blobs" / name, size
    raise ValueError("no weights")


def _use_of_gguf(name: str, file: Path) -> str:
    """What to do about weights in a form that llama.cpp reads: fetch the model that they were made of, or run them."""
    run = f"`encoder: llamacpp` (plug-in embedingest-llamacpp) with `path: {file}` runs these weights"
    with contextlib.suppress(InvalidNameError):
        if is_known(ModelName.parse(name)):
            return f"`embedingest models pull {name}` fetches the same model as safetensors; {run}"
    return run


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _gguf_keys(file: BinaryIO) -> dict[str, Any]:
    """Names of a GGUF header with their values where these are texts. Raises ValueError, struct.error."""
    magic, version, _, count = struct.unpack("<4sIQQ", file.read(24))
    if magic != b"GGUF" or version < 2 or count > _MOST_GGUF_KEYS:
        raise ValueError("no GGUF header")
    told: dict[str, Any] = {}
    for _ in range(count):
        key, (kind,) = _gguf_text(file), struct.unpack("<I", file.read(4))
        if key.startswith("tokenizer."):
            break  # what comes before is what a model is, what comes behind are its words
        told[key] = _gguf_value(file, kind)
    return told


def _gguf_value(file: BinaryIO, kind: int) -> str | None:
    if kind == _GGUF_TEXT:
        return _gguf_text(file)
    if kind == _GGUF_LIST:
        inner, length = struct.unpack("<IQ", file.read(12))
        if length > _LONGEST_GGUF_TEXT or inner == _GGUF_LIST:
            raise ValueError("no list that a header has")
        for _ in range(length):
            _gguf_value(file, inner)
        return None
    if kind not in _GGUF_SIZES or len(file.read(_GGUF_SIZES[kind])) != _GGUF_SIZES[kind]:
        raise ValueError("no such type of value")
    return None


def _gguf_text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _LONGEST_GGUF_TEXT:
        raise ValueError("too long")
    data = file.read(length)
    if len(data) != length:
        raise ValueError("cut short")
    return data.decode("utf-8", "replace")
