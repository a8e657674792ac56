"""Texts to vectors beside the walk: some calls of the engine at once, so that it always has work waiting."""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.run.embedding import embed_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from embedingest.engine.engine import Engine, Priority
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.embedding import Embedded

__all__ = ["BULK_THREADS", "URGENT_THREADS", "Embedder", "load_model"]

BULK_THREADS: Final = 4
"""Threads that carry the backlog, one call each."""

URGENT_THREADS: Final = 2
"""Threads that carry urgent calls beside them."""


def load_model(engine: Engine, recipe: Recipe) -> None:
    """Have the model of vectors loaded beside other work: texts are to be embedded soon."""

    def run() -> None:
        with contextlib.suppress(Exception):  # the first call with texts meets it again
            engine.embed([], model=recipe.model, prompt=recipe.prompt, priority="bulk")

    # A daemon: a model may take minutes to load, and an engine that hangs must not keep the process from ending.
    threading.Thread(target=run, name="warm-model", daemon=True).start()


class _Call(NamedTuple):
    texts: Mapping[str, str]
    tokens: Mapping[str, Sequence[int]]


class Embedder:
    """Calls the engine from threads of its own and hands each outcome to `done`, from those threads.

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
        (self._urgent if urgent else self._backlog).put(_Call(texts, tokens or {}))

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
            texts, tokens = call
            result = embed_texts(
                self._engine, self._recipe, texts, tokens, priority=priority, closed=self._closed
            )  # fmt: skip
            if not self._closed.is_set():
                self._done(result)
