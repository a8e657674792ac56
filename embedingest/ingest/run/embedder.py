"""Texts to vectors beside the walk: some calls of the engine at once, so that it always has work waiting.

Knows no rows. A text that cannot be embedded fails alone; an engine that fails fails the run.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from embedingest.errors import EmbedingestError, EngineError, InputError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from embedingest.engine.engine import Engine, Priority
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.types import Embeddings

__all__ = ["Embedded", "Embedder"]

_CALLS: Final = 4
_URGENT_CALLS: Final = 2
_OVERLOADED_SECONDS: Final = 0.25


@dataclass(slots=True)
class Embedded:
    """What one call gave: vectors float32 (D,) by text hash, and the reason for each text that has none.

    `truncated` has the hashes of texts that the engine cut to fit the model.
    `error` is set where the engine itself failed, and nothing else is.
    """

    hashes: tuple[str, ...]
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    tokens: int = 0
    characters: int = 0
    truncated: set[str] = field(default_factory=set)
    error: BaseException | None = None


class Embedder:
    """Calls `engine.embed` from threads of its own and hands each outcome to `done`, from those threads.

    `_CALLS` of them carry the backlog, and others what is urgent: a save does not wait for a call of the backlog
    to come back, only for the batch that the engine is at.
    """

    def __init__(self, engine: Engine, recipe: Recipe, done: Callable[[Embedded], None]) -> None:
        self._engine = engine
        self._recipe = recipe
        self._done = done
        self._closed = threading.Event()
        self._backlog: queue.SimpleQueue[Mapping[str, str]] = queue.SimpleQueue()
        self._urgent: queue.SimpleQueue[Mapping[str, str]] = queue.SimpleQueue()
        # Daemons: an engine that hangs must not keep the process from ending.
        for _ in range(_CALLS):
            threading.Thread(target=self._serve, args=(self._backlog, "bulk"), name="embed", daemon=True).start()
        for _ in range(_URGENT_CALLS):
            # What somebody has just saved is waited for; the backlog is not.
            threading.Thread(target=self._serve, args=(self._urgent, "query"), name="embed", daemon=True).start()

    def submit(self, texts: Mapping[str, str], *, urgent: bool = False) -> None:
        """Have these texts, by text hash, embedded."""
        (self._urgent if urgent else self._backlog).put(texts)

    def recall(self) -> int:
        """Take back what no call has begun with; the number of calls that will not come."""
        taken = 0
        for work in (self._urgent, self._backlog):
            with contextlib.suppress(queue.Empty):
                while True:
                    work.get_nowait()
                    taken += 1
        return taken

    def close(self) -> None:
        """Take no further calls; what runs ends unheard."""
        self._closed.set()
        for _ in range(_CALLS):
            self._backlog.put({})
        for _ in range(_URGENT_CALLS):
            self._urgent.put({})

    def _serve(self, work: queue.SimpleQueue[Mapping[str, str]], priority: Priority) -> None:
        while not self._closed.is_set():
            texts = work.get()
            if not texts or self._closed.is_set():
                continue
            result = Embedded(tuple(texts))
            try:
                self._embed(texts, result, priority)
            except EmbedingestError as error:
                result.error = error
            except Exception as error:  # noqa: BLE001 -- raised again by whoever takes the result
                # An engine may be a stranger's: whatever it raises, it is the engine that failed.
                result.error = EngineError(f"the engine failed: {type(error).__name__}: {error}")
                result.error.__cause__ = error
            except BaseException as error:  # noqa: BLE001 -- no failure of the engine: the process is to end
                result.error = error
            if not self._closed.is_set():
                self._done(result)

    def _embed(self, texts: Mapping[str, str], result: Embedded, priority: Priority) -> None:
        left = dict(texts)
        while left:
            hashes = list(left)
            try:
                answer = self._call(list(left.values()), priority)
            except InputError as error:
                if error.index is None and len(left) > 1:
                    half = len(hashes) // 2
                    for part in (hashes[:half], hashes[half:]):
                        self._embed({key: left[key] for key in part}, result, priority)
                    return
                bad = hashes[error.index or 0]
                result.failed[bad] = error.message
                del left[bad]
                continue
            self._take(hashes, left, answer, result)
            return

    def _call(self, texts: list[str], priority: Priority) -> Embeddings:
        while True:
            try:
                return self._engine.embed(
                    texts, model=self._recipe.model, prompt=self._recipe.prompt, priority=priority
                )
            except OverloadedError:
                # Others are using the engine; a backlog can wait.
                if self._closed.wait(_OVERLOADED_SECONDS):
                    raise

    def _take(self, hashes: list[str], texts: Mapping[str, str], answer: Embeddings, result: Embedded) -> None:
        vectors = answer.vectors
        if vectors.shape != (len(hashes), self._recipe.dimensions):
            raise EngineError(
                f"the engine answered {len(hashes)} texts with vectors of shape {vectors.shape}, "
                f"not {(len(hashes), self._recipe.dimensions)}"
            )
        sound: list[bool] = [bool(np.isfinite(vector).all()) for vector in vectors]
        for place, key in enumerate(hashes):
            if sound[place]:
                result.vectors[key] = vectors[place]
                result.characters += len(texts[key])
            else:
                result.failed[key] = "the engine gave a vector with NaN or infinity"
        result.tokens += int(answer.token_counts.sum())
        result.truncated.update(hashes[place] for place in answer.truncated)
