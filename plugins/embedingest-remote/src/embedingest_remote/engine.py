"""The embed call over HTTP: batches, bounded parallel requests, cuts that are known. Knows no wire's spelling."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import numpy as np

from embedingest.plugin import (
    Embeddings,
    EngineClosedError,
    EngineError,
    InputTooLongError,
    ModelInfo,
    ModelNotFoundError,
    TokenizerSizer,
    text_list,
)
from embedingest_remote.client import Client, TooLong
from embedingest_remote.fingerprint import sketch
from embedingest_remote.settings import RemoteSettings
from embedingest_remote.sizer import EstimatingSizer
from embedingest_remote.wire import WIRES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from embedingest.plugin import Sizer

__all__ = ["RemoteEngine", "create"]

_WINDOW: Final = 512
_SPECIAL: Final = 2  # a beginning and an end, as nearly every embedding model adds
_PROBES: Final = ("the first probe", "Zwei Dutzend Äpfel, 24 pears.", "def probe(x): return x + 1")


def create(**options: Any) -> RemoteEngine:
    """The engine of `engine: remote`. Opens no connection."""
    return RemoteEngine(RemoteSettings(**options))


create.settings = RemoteSettings  # type: ignore[attr-defined]


@dataclass(slots=True)
class _Call:
    """What one embed call has gathered: rows by index, counts, and which texts were cut."""

    model: str
    truncate: bool
    keep_alive: float | None
    window: int = 0  # 0 where it is not known yet
    rows: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)


class RemoteEngine:
    """Implements `Engine` over one server."""

    def __init__(self, settings: RemoteSettings) -> None:
        self.settings = settings
        self._client = Client(settings)
        self._wire = WIRES[settings.api]
        self._threads = ThreadPoolExecutor(settings.parallel, "embedingest-remote")
        self._lock = threading.Lock()
        self._infos: dict[str, ModelInfo] = {}
        self._closed = False

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts this engine talks to."""
        return (urlsplit(self.settings.url).netloc.rpartition("@")[2],)

    # The upper seam

    def embed(
        self,
        texts: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        dimensions: int | None = None,
        context: int | None = None,  # noqa: ARG002 -- the window is the server's
        prompt: str | None = None,
        keep_alive: float | None = None,
        priority: str = "query",  # noqa: ARG002 -- the server has its own order
    ) -> Embeddings:
        """See `Engine.embed`."""
        began = time.perf_counter()
        info = self.describe(model)
        call = _Call(model, truncate, keep_alive, info.max_tokens)
        prepared = {index: (prompt or "") + text for index, text in enumerate(text_list(texts))}
        self._run(call, prepared)
        vectors = np.stack([call.rows[i] for i in prepared]) if prepared else np.zeros((0, info.dimensions), np.float32)
        if dimensions is not None and 0 < dimensions < vectors.shape[1]:
            vectors = vectors[:, :dimensions]
        return Embeddings(
            vectors=_unit(vectors),
            token_counts=np.array([call.counts[i] for i in prepared], dtype=np.int64),
            truncated=tuple(sorted(call.cut)),
            fingerprint=info.fingerprint,
            model=info.name,
            total_seconds=time.perf_counter() - began,
        )

    async def aembed(self, texts: Sequence[str], **asked: Any) -> Embeddings:
        """The same, awaited."""
        return await asyncio.to_thread(self.embed, texts, **asked)

    def describe(self, model: str) -> ModelInfo:
        """What the server says of a model. Asked once."""
        if self._closed:
            raise EngineClosedError("the engine was closed", remedy="start it again")
        with self._lock:
            if model not in self._infos:
                self._infos[model] = self._described(model)
            return self._infos[model]

    def sizer(self, model: str, *, prompt: str = "") -> Sizer:
        """Exact with `tokenizer`, else an estimate on the safe side."""
        info = self.describe(model)
        room = info.max_tokens - info.special_tokens
        path = self.settings.tokenizer
        counter = EstimatingSizer(room) if path is None else TokenizerSizer(str(path), room)
        return replace(counter, capacity=room - counter.count(prompt)) if prompt else counter

    def models(self) -> list[str]:
        """The names that may be used."""
        if self.settings.models:
            return list(self.settings.models)
        said, _ = self._client.ask("GET", self._wire.listed)
        return self._wire.names(said)

    def close(self) -> None:
        """End what is under way."""
        self._closed = True
        self._client.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Requests

    def _run(self, call: _Call, texts: dict[int, str]) -> None:
        futures = [self._threads.submit(self._request, call, batch) for batch in self._batches(call, texts)]
        try:
            for future in futures:
                future.result()
        finally:
            for future in futures:
                future.cancel()

    def _batches(self, call: _Call, texts: dict[int, str]) -> Iterator[dict[int, str]]:
        """Batches in order; a text that may be cut in silence goes alone, so that the server's count tells."""
        batch: dict[int, str] = {}
        held = 0
        for index, text in texts.items():
            if self._wire.cuts_in_silence and _estimated(text) > call.window:
                yield {index: text}
                continue
            full = len(batch) >= self.settings.batch_texts or held + len(text) > self.settings.batch_characters
            if batch and full:
                yield batch
                batch, held = {}, 0
            batch[index] = text
            held += len(text)
        if batch:
            yield batch

    def _request(self, call: _Call, batch: dict[int, str]) -> None:
        """Embed a batch; one that is too long is halved until the long text stands alone."""
        body = self._wire.body(call.model, [text or " " for text in batch.values()], call.keep_alive)
        try:
            said, _ = self._client.ask("POST", self._wire.embed, body, model=call.model)
        except TooLong:
            if len(batch) > 1:
                indices = list(batch)
                for half in (indices[: len(indices) // 2], indices[len(indices) // 2 :]):
                    self._request(call, {index: batch[index] for index in half})
                return
            self._shorten(call, *next(iter(batch.items())))
            return
        answered = self._wire.answered(said, len(batch))
        if self._wire.cuts_in_silence and len(batch) == 1 and 0 < call.window <= (answered.tokens or 0):
            call.cut.update(batch)
            if not call.truncate:
                raise InputTooLongError("the input length exceeds the context length", index=next(iter(batch)))
        call.rows.update(zip(batch, answered.vectors, strict=True))
        call.counts.update(zip(batch, _share(answered.tokens, list(batch.values())), strict=True))

    def _shorten(self, call: _Call, index: int, text: str) -> None:
        """The longest beginning of a text that the server takes, found by halving the doubt eight times."""
        if not call.truncate:
            raise InputTooLongError("the input length exceeds the context length", index=index)
        call.cut.add(index)
        taken, refused = 0, len(text)
        for _ in range(8):
            middle = (taken + refused) // 2
            if middle == taken:
                break
            try:
                self._alone(call, index, text[:middle])
                taken = middle
            except TooLong:
                refused = middle
            if taken and refused - taken < max(16, taken // 32):
                break
        if not taken:
            raise InputTooLongError("input after truncation exceeds maximum context length", index=index)

    def _alone(self, call: _Call, index: int, text: str) -> None:
        body = self._wire.body(call.model, [text], call.keep_alive)
        said, _ = self._client.ask("POST", self._wire.embed, body, model=call.model)
        answered = self._wire.answered(said, 1)
        call.rows[index] = answered.vectors[0]
        call.counts[index] = _share(answered.tokens, [text])[0]

    # What the server runs

    def _described(self, model: str) -> ModelInfo:
        plain = model.removesuffix(":query").removesuffix(":document")  # what an embedingest server takes for a role
        if self.settings.models and not {model, plain} & {*self.settings.models}:
            raise ModelNotFoundError(model, remedy=f"`models` names {', '.join(self.settings.models)}")
        said: dict[str, Any] = {}
        if self.settings.api == "ollama":
            said, _ = self._client.ask("POST", "/api/show", {"model": model}, model=model)
        facts = dict(said.get("model_info") or {})
        routes = facts.get("embedingest.routes") or {}
        probes = self._probe(f"{model}:{next(iter(routes))}" if routes and "" not in routes else model)
        window = self.settings.max_tokens or _fact(facts, ".context_length") or _WINDOW
        fingerprint = facts.get("embedingest.fingerprint") or self._digest(model) or sketch(probes)
        return ModelInfo(
            name=model,
            fingerprint=str(fingerprint),
            dimensions=int(probes.shape[1]),
            max_tokens=int(window),
            context_length=int(window),
            special_tokens=_SPECIAL,
            architecture=str(facts.get("general.architecture", "remote")),
            digest=hashlib.sha256(str(fingerprint).encode()).hexdigest(),
            routes=routes,
        )

    def _probe(self, model: str) -> NDArray[np.float32]:
        call = _Call(model, truncate=False, keep_alive=None)
        self._request(call, dict(enumerate(_PROBES)))
        return _unit(np.stack([call.rows[index] for index in range(len(_PROBES))]))

    def _digest(self, model: str) -> str | None:
        """Ollama's digest of the model's files."""
        if self.settings.api != "ollama":
            return None
        with suppress(EngineError):
            said, _ = self._client.ask("GET", "/api/tags")
            for listed in said.get("models", []):
                if model in {listed.get("name"), str(listed.get("name")).removesuffix(":latest")}:
                    return f"ollama-{listed['digest'][:32]}" if listed.get("digest") else None
        return None


def _fact(facts: dict[str, Any], ending: str) -> int | None:
    return next((int(value) for name, value in facts.items() if name.endswith(ending) and value), None)


def _share(tokens: int | None, texts: list[str]) -> list[int]:
    """The request's tokens, spread over its texts by their estimated counts; the sum stays."""
    weights = [_estimated(text) for text in texts]
    if tokens is None:
        return weights
    ends = np.rint(np.cumsum(weights) * (tokens / sum(weights))).astype(int)
    return [int(end - start) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _estimated(text: str) -> int:
    return EstimatingSizer(0).count(text) + _SPECIAL


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
