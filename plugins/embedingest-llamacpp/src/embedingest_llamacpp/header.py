"""What a GGUF file says of itself. Reads no weight but to hash them."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedingest.plugin import ModelLoadError, user_cache

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Header", "digest", "read_header"]


@dataclass(frozen=True)
class Header:
    """Architecture, sizes and vocabulary. `quantisation` is the file's own name of how its weights are kept."""

    path: Path
    architecture: str
    dimensions: int
    context_length: int
    is_causal: bool
    quantisation: str
    vocabulary: dict[str, Any]
    """Everything below `tokenizer.ggml.`, without that."""


def read_header(path: Path) -> Header:
    """Raises ModelLoadError: no GGUF file, or no embedding model."""
    import gguf

    try:
        reader = gguf.GGUFReader(path)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise ModelLoadError(f"{path} is no GGUF file that can be read: {error}", remedy="name a GGUF file") from error
    values = {name: field.contents() for name, field in reader.fields.items()}
    architecture = str(values.get("general.architecture", ""))
    if f"{architecture}.pooling_type" not in values:
        raise ModelLoadError(
            f"{path} ({architecture or 'of no architecture'}) states no pooling: it is no embedding model",
            remedy="name the GGUF file of an embedding model",
        )
    return Header(
        path=path,
        architecture=architecture,
        dimensions=int(values.get(f"{architecture}.embedding_length", 0)),
        context_length=int(values.get(f"{architecture}.context_length", 512)),
        is_causal=bool(values.get(f"{architecture}.attention.causal", True)),
        quantisation=_quantisation(values.get("general.file_type")),
        vocabulary={
            name.removeprefix("tokenizer.ggml."): value
            for name, value in values.items()
            if name.startswith("tokenizer.ggml.")
        },
    )


def digest(path: Path) -> str:
    """The sha256 of the whole file, read once for each state of it and then known by path, size and time."""
    stat = path.stat()
    state = [str(path.absolute()), stat.st_size, stat.st_mtime_ns, stat.st_ino]
    named = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:32]
    note = user_cache() / "gguf" / f"{named}.json"
    try:
        told = json.loads(note.read_bytes())
        if told["state"] == state:
            return str(told["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    note.parent.mkdir(parents=True, exist_ok=True)
    part = note.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps({"state": state, "sha256": sha256}))
    part.replace(note)
    return sha256


def _quantisation(number: Any) -> str:
    import gguf

    try:
        return str(gguf.LlamaFileType(int(number)).name).removeprefix("MOSTLY_").removeprefix("ALL_").lower()
    except (TypeError, ValueError):
        return "unstated"
