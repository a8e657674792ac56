"""The engine of this process: named models, and the whole meaning of the embed call over them.

Knows names, tokens and vectors; knows no files of the user, no tables, no HTTP.
"""

from __future__ import annotations

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

import psutil

from embedingest.engine.catalog import Catalog
from embedingest.engine.encoder import tokens_of
from embedingest.engine.engine import Bounds, text_list
from embedingest.engine.kinds import check_embeds
from embedingest.engine.late_rerank import LateReranking
from embedingest.engine.names import ModelName
from embedingest.engine.pool import BUSY, LoadedModel, ModelPool, leased, period
from embedingest.engine.together import ModelUse, Together
from embedingest.errors import EngineClosedError, InputError, ModelNotFoundError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from embedingest.config import EngineConfig, ModelConfig
    from embedingest.engine.call import EmbedCall
    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.engine import Priority
    from embedingest.engine.rerank import Activation, RerankCall
    from embedingest.engine.scheduling.scheduler import Scheduler
    from embedingest.types import Embeddings, ModelInfo, Reranked, Sizer

__all__ = ["LocalEngine", "Running"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Running:
    """One model in memory, as `/api/ps` tells it. `seconds_left` is infinite for a model kept for ever."""

    info: ModelInfo
    size_bytes: int
    seconds_left: float
    runtime: Mapping[str, str]
    users: int


class LocalEngine(LateReranking):
    """Implements `Engine`, `SupportsRerank`, `SupportsSparse` and `SupportsLate` over a pool of local models.

    `settings` bounds the pool and the waiting calls; `models` are the named models of the configuration, beside
    those that are packaged; `data` is where pulled models lie (default: the user's data folder).
    """

    def __init__(
        self,
        settings: EngineConfig,
        models: Mapping[str, ModelConfig] | None = None,
        *,
        data: Path | None = None,
        catalog: Catalog | None = None,
    ) -> None:
        self._settings = settings
        self.catalog = Catalog(models or {}, data=data, threads=settings.threads) if catalog is None else catalog
        self._together = Together(self.catalog, settings.max_loaded_models)
        self._pool = ModelPool(
            self,
            max_models=self._together.most,
            max_bytes=settings.max_loaded_bytes or psutil.virtual_memory().total // 2,
            keep_alive=period(settings.keep_alive),
            max_waiting=settings.max_waiting,
        )
        self.bounds: Bounds | None = Bounds(settings.max_waiting, settings.threads or os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(self.bounds.tokenizing, "embedingest-tokenize")
        self._active = 0
        self._admission = threading.Lock()
        self._closed = False

    # -- the upper seam

    def embed(
        self,
        texts: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        dimensions: int | None = None,
        context: int | None = None,
        prompt: str | None = None,
        keep_alive: float | None = None,
        priority: Priority = "query",
    ) -> Embeddings:
        """See `Engine.embed`. Without `prompt`, a name such as `m:query` chooses one, else the model's default."""
        from embedingest.engine.call import finish, prepare

        call = self._call(texts, model, truncate, dimensions, context, prompt, keep_alive, priority)
        return self._answer(call, prepare, finish)

    def embed_tokens(self, tokens: Sequence[TokenIds], *, model: str, priority: Priority = "bulk") -> Embeddings:
        """See `SupportsTokens`."""
        from embedingest.engine.call import finish, prepare

        call = self._call([""] * len(tokens), model, True, None, None, "", None, priority)
        call.given = tokens
        return self._answer(call, prepare, finish)

    async def aembed(
        self,
        texts: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        dimensions: int | None = None,
        context: int | None = None,
        prompt: str | None = None,
        keep_alive: float | None = None,
        priority: Priority = "query",
    ) -> Embeddings:
        """The same, awaited. Cancelling drops what has not been computed yet."""
        from embedingest.engine.call import finish, prepare

        call = self._call(texts, model, truncate, dimensions, context, prompt, keep_alive, priority)
        return await self._aanswer(call, prepare, finish)

    def rerank(
        self,
        query: str,
        documents: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        context: int | None = None,
        activation: Activation | None = None,
        keep_alive: float | None = None,
        priority: Priority = "query",
    ) -> Reranked:
        """See `SupportsRerank.rerank`."""
        from embedingest.engine.rerank import finish_pairs, prepare_pairs, told_of_pairs

        settings = {"truncate": truncate, "context": context, "keep_alive": keep_alive, "priority": priority}
        if not self._scores_pairs(model, query, activation):
            return self._rerank_late(query, documents, activation, model=model, **settings)
        call = self._pairs(query, documents, activation, model=model, **settings)
        with told_of_pairs(call):
            return self._answer(call, prepare_pairs, finish_pairs)

    async def arerank(
        self,
        query: str,
        documents: Sequence[str],
        *,
        model: str,
        truncate: bool = True,
        context: int | None = None,
        activation: Activation | None = None,
        keep_alive: float | None = None,
        priority: Priority = "query",
    ) -> Reranked:
        """The same, awaited."""
        from embedingest.engine.rerank import finish_pairs, prepare_pairs, told_of_pairs

        settings = {"truncate": truncate, "context": context, "keep_alive": keep_alive, "priority": priority}
        if not self._scores_pairs(model, query, activation):
            return await self._arerank_late(query, documents, activation, model=model, **settings)
        call = self._pairs(query, documents, activation, model=model, **settings)
        with told_of_pairs(call):
            return await self._aanswer(call, prepare_pairs, finish_pairs)

    def describe(self, model: str) -> ModelInfo:
        """What is known of a model, without loading its weights. Raises ModelNotFoundError, ModelLoadError."""
        return self.catalog.describe(model)

    async def adescribe(self, model: str) -> ModelInfo:
        """The same, awaited: the first time a model's files are read and hashed, on a thread."""
        match = self.catalog.find(model)
        info = self.catalog.known(match.key)
        if info is not None and not (info.routes and match.role):
            return info
        return await self._in_thread(self.catalog.describe, model)

    def sizer(self, model: str, *, prompt: str = "") -> Sizer:
        """A picklable token counter whose capacity is the window less special tokens and `prompt`."""
        return self.catalog.sizer(model, prompt=prompt)

    def models(self) -> list[str]:
        """Registered names with their tags, newest first, `hashing` last."""
        return self.catalog.names()

    def close(self) -> None:
        """Finish what was admitted, refuse the rest, give the weights back; see `ModelPool.close`."""
        self._closed = True
        self._pool.close()
        self._threads.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep_together(self, models: Iterable[ModelUse]) -> str | None:
        """See `SupportsTogether`."""
        told = self._together.add(models)
        self._pool.max_models = self._together.most
        return told

    # -- what the server needs beyond the seam

    async def load(self, model: str) -> None:
        """Have a model in memory for all that it was named for. Raises ModelNotFoundError, ModelLoadError."""
        for key in await self._in_thread(self._together.keys, self.catalog.find(model)):
            (await leased(self._pool.acquire(key))).release()

    def running(self) -> list[Running]:
        """Models in memory, longest-lived first (case 154)."""
        return [
            Running(self.catalog.describe_key(model.key), model.size_bytes, seconds, model.encoder.runtime, model.users)
            for model, seconds in self._pool.loaded()
        ]

    def unload(self, model: str) -> None:
        """Let a model go as soon as nobody uses it. Raises ModelNotFoundError."""
        for key in self.catalog.keys_of(self.catalog.find(model).key):
            self._pool.unload(key)

    async def tokenize(self, texts: Sequence[str], *, model: str, keep_alive: float | None = None) -> list[TokenIds]:
        """Content tokens of each text, uncut, special tokens left out. Raises TypeError as `embed` does."""
        listed = text_list(texts)
        key = self.catalog.route(self.catalog.find(model))
        with await leased(self._pool.acquire(key, keep_alive)) as loaded:
            left = threading.Event()
            try:
                return await self._in_thread(tokens_of, loaded.encoder, listed, left.is_set)
            finally:
                left.set()  # by a caller that went away; else it is done

    async def detokenize(self, tokens: TokenIds, *, model: str, keep_alive: float | None = None) -> str:
        """The text these content tokens spell. Raises InputError where they are none of this model's."""
        key = self.catalog.route(self.catalog.find(model))
        with await leased(self._pool.acquire(key, keep_alive)) as loaded:
            try:
                return await self._in_thread(loaded.encoder.detokenize, tokens)
            except (ValueError, OverflowError, LookupError, TypeError) as error:
                raise InputError(f"these tokens are not all of model {model}: {error}") from error

    def pull(self, name: str) -> Iterator[dict[str, Any]]:
        """Fetch a model over the network, step by step; one of an installed package is checked. Raises EngineError."""
        from embedingest.engine.pull import pull

        with contextlib.suppress(ModelNotFoundError):
            if self.catalog.is_packaged(name):
                yield {"status": "verifying sha256 digest"}
                self.catalog.describe(name)
                return
        yield from pull(ModelName.parse(name), self.catalog.pulled)
        self.catalog.scan_pulled()
        before = self.catalog.known(self.catalog.find(name).key)
        self.catalog.forget(name)
        if before is not None and before.fingerprint != self.catalog.describe(name).fingerprint:
            self.unload(name)

    def alive(self) -> bool:
        """Whether every loaded model can still compute."""
        return not self._closed and all(model.scheduler.alive for model, _ in self._pool.loaded())

    def loaded(self) -> list[tuple[str, LoadedModel]]:
        """The models in memory by name, one that has routes once for each of them that is loaded."""
        return [(self.catalog.name_of(model.key), model) for model, _ in self._pool.loaded()]

    # -- where the pool gets models

    def size_bytes(self, key: str) -> int:
        return self.catalog.describe_key(key).size_bytes

    def open(self, key: str) -> tuple[Encoder, Scheduler]:
        from embedingest.engine.scheduling.scheduler import Scheduler

        encoder = self.catalog.open(key)
        scheduler = Scheduler(encoder, max_waiting=self._settings.max_waiting, batch_tokens=self._settings.batch_tokens)
        return encoder, scheduler

    # -- steps of a call

    def _call(
        self,
        texts: Sequence[str],
        model: str,
        truncate: bool,
        dimensions: int | None,
        context: int | None,
        prompt: str | None,
        keep_alive: float | None,
        priority: Priority,
    ) -> EmbedCall:
        from embedingest.engine.call import EmbedCall, default_prompt

        listed = text_list(texts, pictures=True)
        match = self.catalog.find(model)
        key = self.catalog.route(match, strict=bool(listed))
        info, name = self.catalog.describe_key(key), self.catalog.describe_key(match.key).name
        if listed:
            check_embeds(info)
        if keep_alive == 0 and not listed:  # what is loaded for other roles too; this one goes when it is given back
            for other in self.catalog.keys_of(match.key) - {key}:
                self._pool.unload(other)
        literal = default_prompt(info, match.role) if prompt is None else prompt
        return EmbedCall(
            key=key, name=name, texts=listed, truncate=truncate, dimensions=dimensions, context=context,
            prompt=literal, keep_alive=keep_alive, priority=priority,
        )  # fmt: skip

    def _pairs(
        self, query: str, documents: Sequence[str], activation: Activation | None, *, model: str, **settings: Any
    ) -> RerankCall:
        from embedingest.engine.rerank import RerankCall

        listed = text_list(documents)
        key = self.catalog.find(model).key
        info = self.catalog.describe_key(key)
        return RerankCall(key=key, name=info.name, query=query, texts=listed, activation=activation, **settings)

    @contextlib.contextmanager
    def _admitted(self) -> Iterator[None]:
        with self._admission:
            if self._closed:
                raise EngineClosedError("the engine was closed", remedy="start it again")
            if self._active > self._settings.max_waiting:
                raise OverloadedError(BUSY, remedy="try again in a moment, or raise `max_waiting`")
            self._active += 1
        try:
            yield
        finally:
            with self._admission:
                self._active -= 1

    async def _in_thread(self, function: Callable[..., T], *args: Any) -> T:
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)
