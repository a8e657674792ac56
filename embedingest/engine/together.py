"""Models that are asked one after another, as those of one table are: all of them are to be in memory at once.

Knows names, uses and numbers of models; loads none.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, Protocol, runtime_checkable

from embedingest.errors import EmbedingestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedingest.engine.catalog import Catalog, ModelMatch
    from embedingest.engine.names import Role

__all__ = ["ModelUse", "SupportsTogether", "Together", "Use", "keep_together"]

_log = logging.getLogger(__name__)

Use = Literal["vector", "sparse", "late", "rerank"]
ModelUse = tuple[Use, str]
"""What a model is asked for, and its name."""

_USUAL_MODELS: Final = 3


@runtime_checkable
class SupportsTogether(Protocol):
    """An engine with a limit of models in memory."""

    def keep_together(self, models: Iterable[ModelUse]) -> str | None:
        """Let these be in memory at once, beside those named before; loads none.

        A limit that was set stays: the answer says what it means where it is too low for models that are new here.
        """
        ...


def keep_together(engine: object, models: Iterable[ModelUse], *, warn: bool = False) -> None:
    """As `SupportsTogether` has it, for any engine; `warn` logs what a limit that was set means."""
    if isinstance(engine, SupportsTogether):
        told = engine.keep_together(models)
        if told is not None and warn:
            _log.warning("%s", told)


class Together:
    """The models that were named so far, and how many may be in memory: `most`, where that was set."""

    def __init__(self, catalog: Catalog, most: int | None) -> None:
        self._catalog = catalog
        self._most = most
        self._lock = threading.Lock()
        self._keys: dict[ModelUse, frozenset[str]] = {}

    @property
    def most(self) -> int:
        """How many models may be in memory at once."""
        return max(_USUAL_MODELS, self._needed) if self._most is None else self._most

    @property
    def _needed(self) -> int:
        return len(frozenset[str]().union(*self._keys.values()))

    def add(self, models: Iterable[ModelUse]) -> str | None:
        """Count these too. The answer is as in `SupportsTogether.keep_together`."""
        with self._lock:
            before = self._needed
            for use in models:
                if use not in self._keys:
                    self._keys[use] = frozenset(self._named(*use))
            needed = self._needed
            if self._most is None or needed <= max(before, self._most):
                return None
            names = ", ".join(dict.fromkeys(name for _, name in self._keys))
        return (
            f"`max_loaded_models` is {self._most}, and {needed} models are asked one after another here ({names}): "
            f"they put each other out of memory, and a search waits until they are loaded again. Set it to {needed} "
            "(`OLLAMA_MAX_LOADED_MODELS` of `serve`), or leave it out: then there is room for them"
        )

    def keys(self, match: ModelMatch) -> frozenset[str]:
        """Under which keys a model is in memory for what it was named for; without that, for embedding by any role."""
        with self._lock:
            named = [keys for (_, name), keys in self._keys.items() if match.key == self._key_of(name)]
        return frozenset[str]().union(*named) if named else self._routes(match)

    def _named(self, use: Use, name: str) -> frozenset[str]:
        """The keys of a model for one use; of what cannot be described, its name: it may come yet."""
        with suppress(EmbedingestError):
            match = self._catalog.find(name)
            info = self._catalog.describe_key(match.key)
            if use == "late" or (use == "rerank" and info.kind != "reranker"):
                roles: tuple[Role, ...] = ("query", "document")
                return frozenset(self._catalog.token_key(replace(match, role=role)) for role in roles)
            return self._routes(match)
        return frozenset({name})

    def _routes(self, match: ModelMatch) -> frozenset[str]:
        return frozenset(self._catalog.by_role(match.key).values() or {match.key})

    def _key_of(self, name: str) -> str | None:
        with suppress(EmbedingestError):
            return self._catalog.find(name).key
        return None
