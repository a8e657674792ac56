"""A GGUF file run by llama.cpp in this process. Knows tokens and vectors; knows no queue."""

from __future__ import annotations

import json
import os
import secrets
import threading
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from pydantic import Field

from embedingest.plugin import EngineError, FastTokenizer, ModelLoadError, TokenizerSizer, user_cache
from embedingest_llamacpp.header import digest, read_header
from embedingest_llamacpp.ollama import stored_model
from embedingest_llamacpp.words import tokenizer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.plugin import ModelConfig, ModelFolder, TokenIds

__all__ = ["PROBES", "LlamaEncoder", "create"]

_LAYOUT: Final = 1  # raised when tokenizers that were written before must not be used any more
_WINDOW: Final = 8192  # of a model with more positions, unless `max_tokens` is set: its memory grows with it
_AT_ONCE: Final = 4

PROBES: Final = (
    "why is the sky blue?",
    "The quick brown fox jumps over the lazy dog; it's 3.14 times faster than 2,718.",
    "Der Fluß trat über die Ufer, und die Brücke wurde gesperrt.",
    "def add(a: int, b: int) -> int:\n    return a + b",
    "L'été dernier, à Montréal: «ça va»? naïve façade",
    "snake_case and CamelCase, http://example.com/a?b=c#d and mail@example.com",
    "價格是多少? Цена 5 рублей.",
    "x",
)
"""Texts over which our tokens are held against llama.cpp's own before a model is used."""


def create(
    folder: ModelFolder | None,
    settings: ModelConfig,
    *,
    ollama: str | None = None,
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None,
) -> LlamaEncoder:
    """The encoder of `encoder: llamacpp`, over the GGUF file that `path` names, or over a model of Ollama's store.

    `ollama` is that model's name; a table that Ollama's server made with it is followed on. Raises ModelLoadError.
    """
    if ollama is not None:
        path, fingerprint = stored_model(ollama)
        return LlamaEncoder(path, max_tokens=settings.max_tokens, threads=threads, fingerprint=fingerprint)
    named = settings.path if folder is None else folder.path
    if named is None or not Path(named).is_file():
        raise ModelLoadError(
            f"encoder `llamacpp` needs a GGUF file, and {named or 'no path'} is none",
            remedy="give the model a `path`: a GGUF file, such as `embedingest models list` shows of Ollama's store",
        )
    return LlamaEncoder(Path(named), max_tokens=settings.max_tokens, threads=threads)


class LlamaEncoder:
    """The file is loaded with the first batch, so that a description costs its header and its digest only."""

    parallel = 1

    def __init__(
        self, path: Path, *, max_tokens: int | None = None, threads: int | None = None, fingerprint: str | None = None
    ) -> None:
        self._header = read_header(path)
        self.dimensions = self._header.dimensions
        self.context_length = self._header.context_length
        self.max_tokens = min(max_tokens or _WINDOW, self.context_length)
        self.size_bytes = path.stat().st_size
        sha256 = digest(path)
        # Vectors of quantised weights, and of llama.cpp's arithmetic, are a class of their own.
        self.fingerprint = fingerprint or f"gguf-{sha256[:32]}:gguf:{self._header.quantisation}"
        self._words = FastTokenizer(self._tokenizer_file(sha256))
        self.special_tokens = self._words.special_tokens
        self._threads = threads
        self._lock = threading.Lock()
        self._server: Any = None

    def _tokenizer_file(self, sha256: str) -> Path:
        """The vocabulary in tokenizers' own form, in the user's cache: what counts tokens needs no more than this."""
        path = user_cache() / "gguf" / f"{sha256[:32]}-{_LAYOUT}" / "tokenizer.json"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}.part")
            tokenizer_of(self._header).save(str(part))
            part.replace(path)
        return path

    @property
    def runtime(self) -> dict[str, str]:
        return {"runtime": "llama.cpp", "precision": self._header.quantisation, "device": "cpu"}

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        return self._words.tokenize(texts)

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        return self._words.tokenize_head(text, most)

    def detokenize(self, tokens: TokenIds) -> str:
        return self._words.detokenize(tokens)

    def sizer(self, capacity: int) -> TokenizerSizer:
        return TokenizerSizer(str(self._words.path), capacity)

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Pooled vectors as llama.cpp gives them, float32 (N, D), not normalised. Raises EngineError."""
        if not batch:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        prefix, suffix = self._words.prefix, self._words.suffix
        rows = [[*prefix, *tokens, *suffix] for tokens in batch]
        is_empty = [not row for row in rows]  # which llama.cpp refuses, where a model has no special tokens
        asked = [row for row in rows if row]
        found = np.zeros((len(rows), self.dimensions), dtype=np.float32)
        if asked:
            found[~np.array(is_empty)] = self._vectors(asked)
        return found

    def _vectors(self, rows: list[list[int]]) -> NDArray[np.float32]:
        told = self._loaded().handle_embeddings({"input": rows, "encoding_format": "float"})
        if "error" in told:
            raise EngineError(f"llama.cpp: {told['error'].get('message', told['error'])}")
        ordered = sorted(told["data"], key=lambda row: row["index"])
        return np.array([row["embedding"] for row in ordered], dtype=np.float32)

    def close(self) -> None:
        """Give the weights back."""
        self._server = None

    def _loaded(self) -> Any:
        with self._lock:
            if self._server is None:
                server, key = self._served()
                self._check_tokens(server.listening_address, key)
                self._server = server
            return self._server

    def _served(self) -> tuple[Any, str]:
        """llama.cpp's server of this file, and the key without which its port on loopback answers nobody."""
        import xllamacpp

        key = secrets.token_hex(32)
        params = xllamacpp.CommonParams()
        params.model.path = str(self._header.path)
        params.embedding = True
        params.embd_normalize = -1  # the engine does that
        params.n_parallel = 1 if self._header.is_causal else _AT_ONCE
        params.n_ctx = params.n_batch = params.n_ubatch = self.max_tokens * params.n_parallel
        params.port, params.api_keys, params.ui, params.offline = 0, [key], False, True
        params.warmup, params.verbosity = False, -1
        if self._threads is not None:
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        try:
            return xllamacpp.Server(params), key
        except (RuntimeError, ValueError) as error:
            raise ModelLoadError(f"llama.cpp cannot load {self._header.path}: {error}") from error

    def _check_tokens(self, address: str, key: str) -> None:
        """Raises ModelLoadError where our tokens of a text are not llama.cpp's: every vector would be another."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        for text in PROBES:
            body = json.dumps({"content": text, "add_special": True}).encode()
            request = urllib.request.Request(f"{address}/tokenize", body, headers)  # noqa: S310 -- our own port
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                theirs = json.load(answer)["tokens"]
            ours = [*self._words.prefix, *self._words.tokenize([text])[0], *self._words.suffix]
            if ours != theirs:
                raise ModelLoadError(
                    f"{self._header.path}: our tokens of {text!r} are not llama.cpp's ({ours[:8]}…, {theirs[:8]}…)",
                    remedy="fetch the same model as safetensors with `embedingest models pull NAME`",
                )
