"""Texts to vectors beside the walk: some calls of the engine at once, so that it always has work waiting.

Knows no rows. A text that cannot be embedded fails alone; an engine that fails fails the run.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.engine.engine import SupportsTokens
from embedingest.errors import EmbedingestError, EngineError, InputError, OverloadedError
from embedingest.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from embedingest.engine.engine import Engine, Priority
    from embedingest.ingest.representation import Representation
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.computing import Computed

__all__ = ["BULK_THREADS", "URGENT_THREADS", "Embedded", "Embedder"]

BULK_THREADS: Final = 4
"""Threads that carry the backlog, one call each."""

URGENT_THREADS: Final = 2
"""Threads that carry urgent calls beside them."""

_OVERLOADED_SECONDS: Final = 0.25


@dataclass(slots=True)
class Embedded:
    """What one call gave: vectors by key (`ingest/representation.py`), and the reason for each key that has none.

    `truncated` has the keys of texts that the engine cut to fit the model.
    `error` is set where the engine itself failed, and nothing else is.
    """

    hashes: tuple[str, ...]
    vectors: dict[str, NDArray[Any]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    tokens: int = 0
    characters: int = 0
    truncated: set[str] = field(default_factory=set)
    error: BaseException | None = None


class _Call(NamedTuple):
    """Texts by key, of one representation for the engine, and the tokens of all or none of them."""

    texts: Mapping[str, str]
    tokens: Mapping[str, Sequence[int]]

    def of(self, hashes: Sequence[str]) -> _Call:
        tokens = self.tokens
        return _Call({key: self.texts[key] for key in hashes}, {key: tokens[key] for key in hashes if key in tokens})

    def split(self, recipe: Recipe) -> Iterator[tuple[Representation, _Call]]:
        """The calls that the engine can take, one for each representation."""
        for representation in recipe.representations:
            keys = [key for key in self.texts if recipe.representation_of(key) is representation]
            if keys:
                yield representation, self.of(keys)


class Embedder:
    """Calls `engine.embed` from threads of its own and hands each outcome to `done`, from those threads.

    Urgent calls have threads of their own: they do not wait for a call of the backlog to come back, only for the
    batch that the engine is at.
    """

    def __init__(self, engine: Engine, recipe: Recipe, done: Callable[[Embedded], None]) -> None:
        self._engine = engine
        self._recipe = recipe
        self._done = done
        self._closed = threading.Event()
        self._backlog: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._urgent: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        # Daemons: an engine that hangs must not keep the process from ending.
        for _ in range(BULK_THREADS):
            threading.Thread(target=self._serve, args=(self._backlog, "bulk"), name="embed", daemon=True).start()
        for _ in range(URGENT_THREADS):
            threading.Thread(target=self._serve, args=(self._urgent, "query"), name="embed", daemon=True).start()

    def submit(
        self, texts: Mapping[str, str], *, urgent: bool = False, tokens: Mapping[str, Sequence[int]] | None = None
    ) -> None:
        """Have these texts, by key, embedded; an engine that takes `tokens` need not make them again."""
        known = tokens if tokens and isinstance(self._engine, SupportsTokens) else {}
        (self._urgent if urgent else self._backlog).put(_Call(texts, known))

    def recall(self) -> int:
        """Drop the calls that have not begun. Answers how many will not come."""
        dropped = 0
        for calls in (self._urgent, self._backlog):
            with contextlib.suppress(queue.Empty):
                while True:
                    calls.get_nowait()
                    dropped += 1
        return dropped

    def close(self) -> None:
        """Take no further calls; the outcomes of those that run are dropped."""
        self._closed.set()
        for _ in range(BULK_THREADS):
            self._backlog.put(_Call({}, {}))
        for _ in range(URGENT_THREADS):
            self._urgent.put(_Call({}, {}))

    def _serve(self, calls: queue.SimpleQueue[_Call], priority: Priority) -> None:
        while not self._closed.is_set():
            call = calls.get()
            if not call.texts or self._closed.is_set():
                continue
            result = Embedded(tuple(call.texts))
            try:
                for representation, part in call.split(self._recipe):
                    self._embed(representation, part, result, priority)
            except EmbedingestError as error:
                result.error = error
            except Exception as error:  # noqa: BLE001 -- raised again by whoever takes the result
                # An engine may be a plug-in: whatever it raises, it is the engine that failed.
                result.error = EngineError(f"the engine failed: {type(error).__name__}: {error}")
                result.error.__cause__ = error
            except BaseException as error:  # noqa: BLE001 -- no failure of the engine: the process is to end
                result.error = error
            if not self._closed.is_set():
                self._done(result)

    def _embed(self, representation: Representation, call: _Call, result: Embedded, priority: Priority) -> None:
        keys = list(call.texts)
        while keys:
            try:
                answer = self._answer(representation, call.of(keys), priority)
            except InputError as error:
                if error.index is None and len(keys) > 1:
                    half = len(keys) // 2
                    for part in (keys[:half], keys[half:]):
                        self._embed(representation, call.of(part), result, priority)
                    return
                result.failed[keys.pop(error.index or 0)] = error.message
                continue
            self._keep(keys, call.texts, answer, result)
            return

    def _answer(self, representation: Representation, call: _Call, priority: Priority) -> Computed:
        from embedingest.ingest.run.computing import compute

        tokens = [call.tokens[key] for key in call.texts] if len(call.tokens) == len(call.texts) else None
        texts, prompt = list(call.texts.values()), self._recipe.prompt
        while True:
            try:
                return compute(self._engine, representation, texts, prompt=prompt, tokens=tokens, priority=priority)
            except OverloadedError:
                # Others are using the engine: try again until there is room, or until this is closed.
                if self._closed.wait(_OVERLOADED_SECONDS):
                    raise

    def _keep(self, keys: list[str], texts: Mapping[str, str], answer: Computed, result: Embedded) -> None:
        from embedingest.ingest.packing import is_finite

        for key, value in zip(keys, answer.values, strict=True):
            if is_finite(value):
                result.vectors[key] = value
                result.characters += 0 if isinstance(texts[key], Picture) else len(texts[key])
            else:
                result.failed[key] = "the engine gave a vector with NaN or infinity"
        result.tokens += answer.tokens
        result.truncated.update(keys[index] for index in answer.truncated)
