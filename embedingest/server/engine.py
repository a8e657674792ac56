"""What the routes ask of an engine beyond the upper seam, and how an engine that has only the seam is served.

Our own engine has all of it. An engine of a plug-in has the seam: it can embed and describe, so it is served too; what
only the owner of the weights could answer is refused or left empty. Knows engines; knows no routes and no HTTP.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from embedingest.engine.engine import Engine
from embedingest.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.local import Running
    from embedingest.engine.pool import LoadedModel
    from embedingest.types import Embeddings, ModelInfo

__all__ = ["ElsewhereError", "Served", "served"]


class ElsewhereError(EngineError):
    """Only whoever holds the weights can do this, and they are not in this process."""


@runtime_checkable
class Served(Engine, Protocol):
    """The seam, and what is shown and asked of whoever holds the weights. `LocalEngine` says what each means."""

    async def adescribe(self, model: str) -> ModelInfo: ...

    def running(self) -> list[Running]: ...

    def loaded(self) -> list[LoadedModel]: ...

    def alive(self) -> bool: ...

    def unload(self, model: str) -> None: ...

    async def tokenize(
        self, texts: Sequence[str], *, model: str, keep_alive: float | None = None
    ) -> list[TokenIds]: ...

    async def detokenize(self, tokens: TokenIds, *, model: str, keep_alive: float | None = None) -> str: ...

    def pull(self, name: str) -> Iterator[dict[str, Any]]: ...


def served(engine: object) -> Served:
    """The engine as the routes hold it. Raises ConfigError for what is no engine."""
    if isinstance(engine, Served):
        return engine
    if isinstance(engine, Engine):
        return cast("Served", _Fronted(engine))
    raise ConfigError(
        f"engine {type(engine).__name__} cannot be served: it lacks what every engine has",
        remedy="run `embedingest plugins check NAME` on the plug-in that brings it",
    )


class _Fronted:
    """An engine that holds no weights here: it embeds and describes, and nothing is in this process's memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.models = engine.models

    async def aembed(self, texts: Sequence[str], **asked: Any) -> Embeddings:
        return await self._engine.aembed(texts, **asked)

    async def adescribe(self, model: str) -> ModelInfo:
        """On a thread, since such an engine may have to ask another machine."""
        return await asyncio.to_thread(self._engine.describe, model)

    def running(self) -> list[Running]:
        return []

    def loaded(self) -> list[LoadedModel]:
        return []

    def alive(self) -> bool:
        return True

    def unload(self, model: str) -> None:
        """The way the seam has: no texts, and no time to stay."""
        self._engine.embed([], model=model, keep_alive=0)

    async def tokenize(self, *_: object, **__: object) -> list[TokenIds]:
        raise self._without("tokenize")

    async def detokenize(self, *_: object, **__: object) -> str:
        raise self._without("detokenize")

    def pull(self, name: str) -> Iterator[dict[str, Any]]:
        raise self._without(f"pull {name}")

    def _without(self, what: str) -> ElsewhereError:
        return ElsewhereError(f"engine {type(self._engine).__name__} cannot {what}: ask the server that has the model")
