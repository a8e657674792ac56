"""A Model2Vec folder as an encoder: tokens to rows of a matrix, and their mean. Knows no queue and no window."""

from __future__ import annotations

import hashlib
import json
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embedingest.plugin import FastTokenizer, ModelLoadError, TokenizerSizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.plugin import ModelConfig, ModelFolder, TokenIds

__all__ = ["StaticEncoder", "create"]

_WINDOW = 512
_POSITIONS = 1_000_000  # a mean has no positions; this only bounds what one text may cost
_CHUNK_TOKENS = 8_192  # rows gathered at once: 2 MB at 64 dimensions, which stays in the cache


def create(folder: ModelFolder | None, settings: ModelConfig) -> StaticEncoder:
    """The encoder of the Model2Vec folder at `settings.path`. Raises ModelLoadError."""
    path = settings.path if folder is None else folder.path
    if path is None:
        raise ModelLoadError("encoder `static` needs files", remedy="give the model a `path`: a Model2Vec folder")
    return StaticEncoder(Path(path), max_tokens=settings.max_tokens or _WINDOW)


class StaticEncoder:
    """Means of token vectors (V, D). Integer matrices are kept as stored and scaled by nothing: length is no matter."""

    special_tokens = 0
    parallel = 1
    context_length = _POSITIONS

    def __init__(self, path: Path, *, max_tokens: int = _WINDOW) -> None:
        self.path = path
        self.max_tokens = min(max_tokens, _POSITIONS)
        self._table, self._weights, self._mapping = _read(path)
        self.dimensions = int(self._table.shape[1])
        self.size_bytes = self._table.nbytes + self._weights.nbytes + self._mapping.nbytes
        self._tokenizer = FastTokenizer(path / "tokenizer.json")
        self._unknown = _unknown(path / "tokenizer.json")
        self.fingerprint = _fingerprint(path)

    @property
    def runtime(self) -> dict[str, str]:
        return {"runtime": "static", "precision": "fp32", "device": "cpu"}

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        """Content tokens, unknown ones among them: they are counted, and have no part in the mean."""
        return self._tokenizer.tokenize(texts)

    def detokenize(self, tokens: TokenIds) -> str:
        return self._tokenizer.detokenize(tokens)

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Means, float32 (N, D); a text without known tokens gives a zero row."""
        sums = np.zeros((len(batch), self.dimensions), dtype=np.float32)
        counts = np.zeros(len(batch), dtype=np.float32)
        for first, last in _pieces(batch):
            self._add(batch[first:last], sums[first:last], counts[first:last])
        sums /= np.maximum(counts, 1.0)[:, None]
        return sums

    def _add(self, batch: Sequence[TokenIds], sums: NDArray[np.float32], counts: NDArray[np.float32]) -> None:
        lengths = np.fromiter(map(len, batch), dtype=np.int64, count=len(batch))
        tokens = np.fromiter(chain.from_iterable(batch), dtype=np.int64, count=int(lengths.sum()))  # (T,)
        owners = np.repeat(np.arange(len(batch)), lengths)
        if self._unknown is not None:
            known = tokens != self._unknown
            tokens, owners = tokens[known], owners[known]
        if not tokens.size:
            return
        rows = self._table[self._mapping[tokens]]  # (T, D)
        rows *= self._weights[tokens][:, None]
        starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
        sums[owners[starts]] += np.add.reduceat(rows, starts, axis=0)
        counts += np.bincount(owners, minlength=len(batch)).astype(np.float32)

    def sizer(self, capacity: int) -> TokenizerSizer:
        return TokenizerSizer(str(self.path / "tokenizer.json"), capacity)

    def close(self) -> None:
        """Give the matrix back."""
        self._table = np.zeros((0, self.dimensions), dtype=np.float32)


def _pieces(batch: Sequence[TokenIds]) -> list[tuple[int, int]]:
    """Runs of texts of at most _CHUNK_TOKENS tokens together (or one text)."""
    pieces, first, held = [], 0, 0
    for index, row in enumerate(batch):
        if held and held + len(row) > _CHUNK_TOKENS:
            pieces.append((first, index))
            first, held = index, 0
        held += len(row)
    return [*pieces, (first, len(batch))]


def _read(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Vectors (rows, D), a weight a token (V,), a row a token (V,)."""
    from safetensors.numpy import load_file

    try:
        tensors: dict[str, Any] = load_file(path / "model.safetensors")
    except Exception as error:
        raise ModelLoadError(
            f"{path / 'model.safetensors'} cannot be read: {error}", remedy="give a folder that Model2Vec saved"
        ) from error
    if "embeddings" not in tensors or tensors["embeddings"].ndim != 2:
        raise ModelLoadError(f"{path} holds no static embeddings (has: {', '.join(sorted(tensors))})")
    table = tensors["embeddings"].astype(np.float32)
    mapping = tensors["mapping"].astype(np.int64) if "mapping" in tensors else np.arange(len(table))
    weights = tensors["weights"].astype(np.float32) if "weights" in tensors else np.ones(len(mapping), np.float32)
    if mapping.size and (mapping.min() < 0 or mapping.max() >= len(table) or len(weights) != len(mapping)):
        raise ModelLoadError(
            f"{path} is inconsistent: {len(table)} rows, {len(mapping)} tokens, {len(weights)} weights"
        )
    return table, weights, mapping


def _unknown(path: Path) -> int | None:
    """The id that the tokenizer gives to what it does not know; it has no meaning to average."""
    try:
        model = json.loads(path.read_bytes())["model"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelLoadError(f"{path} is no tokenizer: {error}", remedy="give a folder that Model2Vec saved") from error
    if model.get("unk_id") is not None:
        return int(model["unk_id"])
    return model.get("vocab", {}).get(model.get("unk_token")) if isinstance(model.get("vocab"), dict) else None


def _fingerprint(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in ("model.safetensors", "tokenizer.json"):
        with (path / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"static-{digest.hexdigest()}:exact"
