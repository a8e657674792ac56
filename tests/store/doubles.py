"""Rows that are easy to tell apart, and vectors that follow from their words."""

from __future__ import annotations

import hashlib
import zlib

import numpy as np

from embedingest.store.values import Changes
from embedingest.types import Row

DIMENSIONS = 8
MODEL = "model-one"


def vector_of(text: str, dimensions: int = DIMENSIONS) -> np.ndarray:
    """A unit vector that depends on the text alone: one number for each word's hash."""
    vector = np.zeros(dimensions, dtype=np.float32)
    for word in text.lower().split():
        vector[zlib.crc32(word.encode()) % dimensions] += 1.0
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def row(source: str, index: int = 0, text: str | None = None, count: int = 1, **other: object) -> Row:
    """A row whose id and text hash follow from its source and text."""
    chunk_text = text if text is not None else f"chunk {index} of {source}"
    text_hash = hashlib.blake2b(chunk_text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    name = f"{len(source)}:{source}:{text_hash}:{other.pop('occurrence', 0)}"
    facts: dict[str, object] = {
        "id": hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
        "source": source,
        "title": None,
        "text": chunk_text,
        "text_hash": text_hash,
        "content_hash": "c" * 64,
        "chunk_index": index,
        "chunk_count": count,
        "start": index * 100,
        "end": index * 100 + len(chunk_text),
        "line_start": index + 1,
        "line_end": index + 1,
        "page": None,
        "heading_path": ("Guide", "Part"),
        "mime": "text/plain",
        "modified_at_ns": 1_700_000_000_123_456_000,
        "metadata": "{}",
        "fingerprint": MODEL,
        "config_hash": "f" * 32,
    }
    return Row(**{**facts, **other})  # type: ignore[arg-type]


def adding(*rows: Row) -> Changes:
    """A commit that adds these rows with the vectors of their texts."""
    return Changes(add=rows, vectors=np.stack([vector_of(r.text) for r in rows]))
