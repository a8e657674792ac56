"""What the routes need of an engine beyond the upper seam, and how an engine that has only the seam is served.

Our own engine has all of it. An engine of a plug-in may have the seam alone: it can embed and describe; what only the
owner of the weights could answer is refused or left empty. Knows engines; knows no routes and no HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, cast, runtime_checkable

from embedingest.engine.engine import Bounds, Engine
from embedingest.engine.rerank import SupportsRerank
from embedingest.engine.sparse import SupportsSparse
from embedingest.errors import ConfigError, EngineError
from embedingest.server.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.local import Running
    from embedingest.engine.pool import LoadedModel
    from embedingest.types import Embeddings, ModelInfo

__all__ = ["ServedEngine", "UnsupportedByEngineError", "reranking", "served_engine", "weighing"]


_ASKING_THREADS: Final = 8


class UnsupportedByEngineError(EngineError):
    """Only the process that holds the weights can do this, and this one does not hold them."""


@runtime_checkable
class ServedEngine(Engine, Protocol):
    """The seam, and what only the owner of the weights can do. `LocalEngine` says what each method means."""

    bounds: Bounds | None

    async def adescribe(self, model: str) -> ModelInfo: ...

    async def load(self, model: str) -> None: ...

    def running(self) -> list[Running]: ...

    def loaded(self) -> list[tuple[str, LoadedModel]]: ...

    def alive(self) -> bool: ...

    def unload(self, model: str) -> None: ...

    async def tokenize(
        self, texts: Sequence[str], *, model: str, keep_alive: float | None = None
    ) -> list[TokenIds]: ...

    async def detokenize(self, tokens: TokenIds, *, model: str, keep_alive: float | None = None) -> str: ...

    def pull(self, name: str) -> Iterator[dict[str, Any]]: ...


def served_engine(engine: object) -> ServedEngine:
    """The engine as the routes use it. Raises ConfigError for what is no engine."""
    if isinstance(engine, ServedEngine):
        return engine
    if isinstance(engine, Engine):
        return cast("ServedEngine", _EngineWithoutWeights(engine))
    raise ConfigError(
        f"engine {type(engine).__name__} cannot be served: it lacks what every engine has",
        remedy="run `embedingest plugins check NAME` on the plug-in that brings it",
    )


def reranking(engine: ServedEngine) -> SupportsRerank:
    """The engine as one that scores documents. Raises UnsupportedByEngineError for one that does not."""
    inner = engine.inner if isinstance(engine, _EngineWithoutWeights) else engine
    if isinstance(inner, SupportsRerank):
        return inner
    raise UnsupportedByEngineError(f"engine {type(inner).__name__} cannot rerank: it has no `arerank`")


def weighing(engine: ServedEngine) -> SupportsSparse:
    """The engine as one that gives weights for tokens. Raises UnsupportedByEngineError for one that does not."""
    inner = engine.inner if isinstance(engine, _EngineWithoutWeights) else engine
    if isinstance(inner, SupportsSparse):
        return inner
    raise UnsupportedByEngineError(f"engine {type(inner).__name__} gives no weights: it has no `aembed_sparse`")


class _EngineWithoutWeights:
    """An engine that has the seam alone: it embeds and describes, and holds no model in this process's memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = self.inner = engine
        self.models, self.describe = engine.models, engine.describe
        self.bounds: Bounds | None = None  # known where the weights are
        self._threads = Threads(_ASKING_THREADS, "embedingest-asking")

    async def aembed(self, texts: Sequence[str], **options: Any) -> Embeddings:
        return await self._engine.aembed(texts, **options)

    async def adescribe(self, model: str) -> ModelInfo:
        """On a thread, since such an engine may wait for another machine."""
        return await self._threads.run(self._engine.describe, model)

    async def load(self, model: str) -> None:
        """By the seam's own way: an empty call."""
        await self._engine.aembed([], model=model)

    def running(self) -> list[Running]:
        return []

    def loaded(self) -> list[tuple[str, LoadedModel]]:
        return []

    def alive(self) -> bool:
        return True

    def unload(self, model: str) -> None:
        """By the seam's own way: an empty call with `keep_alive=0`."""
        self._engine.embed([], model=model, keep_alive=0)

    async def tokenize(self, *_: object, **__: object) -> list[TokenIds]:
        raise self._unsupported("tokenize")

    async def detokenize(self, *_: object, **__: object) -> str:
        raise self._unsupported("detokenize")

    def pull(self, name: str) -> Iterator[dict[str, Any]]:
        raise self._unsupported(f"pull {name}")

    def _unsupported(self, action: str) -> UnsupportedByEngineError:
        name = type(self._engine).__name__
        return UnsupportedByEngineError(f"engine {name} cannot {action}: ask the server that has the model")
