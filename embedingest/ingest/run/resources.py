"""The parts a run works with, each opened when it is first needed: table, workers, engine, cache. Knows no order.

An unchanged run opens none of them.
"""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from embedingest.errors import EmbedingestError
from embedingest.ingest.report import Progress
from embedingest.ingest.run.embedder import Embedded, Embedder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.engine.engine import Engine
    from embedingest.ingest.extract.extractor import Extracted, Job
    from embedingest.ingest.report import IngestReport, ProgressSink
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.state.journal import FileState, Journal
    from embedingest.ingest.state.vector_cache import VectorCache
    from embedingest.store.values import Changes, SourceState
    from embedingest.types import Row, Sizer

__all__ = ["Resources", "Table", "Workers"]

_TELL_SECONDS: Final = 0.1
_NOTE_SECONDS: Final = 1.0


class Table(Protocol):
    """What a run asks of the table of chunks; `ChunkTable` is one."""

    def rows(self, sources: Collection[str]) -> dict[str, list[Row]]: ...
    def source_states(self) -> dict[str, SourceState]: ...
    def vectors(self, text_hashes: Collection[str]) -> dict[str, NDArray[np.float32]]: ...
    def commit(self, changes: Changes) -> None: ...
    def count(self) -> int: ...
    def maintain(self, *, background: bool = False) -> object: ...
    def optimize(self) -> object: ...
    @property
    def upkeep_error(self) -> str: ...
    def close(self) -> None: ...


class Workers(Protocol):
    """Who extracts: `WorkerPool`, or whatever answers a job with a future."""

    def submit(self, job: Job, *, urgent: bool = False) -> Future[Extracted]: ...
    def close(self) -> None: ...


class Resources:
    """Lazily opened parts, and the few things that are done to several of them at once.

    `token` names the table's newest version without opening it (`None` where that cannot be told); the journal
    remembers it, so that whatever else writes or removes the table is noticed. `lent` may know further vectors.
    """

    def __init__(
        self,
        *,
        recipe: Recipe,
        journal: Journal,
        open_cache: Callable[[], VectorCache],
        open_table: Callable[[], Table],
        open_engine: Callable[[], Engine],
        open_workers: Callable[[Recipe, Sizer], Workers],
        warm: Callable[[], object] | None,
        token: Callable[[], str | None],
        lent: Callable[[Collection[str]], dict[str, NDArray[np.float32]]] | None,
        stop: threading.Event,
        clock: Callable[[], float],
        progress: ProgressSink | None,
    ) -> None:
        self.recipe = recipe
        self.journal = journal
        self.stop = stop
        self.now = clock
        self._open_cache = open_cache
        self._open_table = open_table
        self._open_engine = open_engine
        self._open_workers = open_workers
        self._warm = warm
        self._warming: threading.Thread | None = None
        self._token = token
        self._lent = lent
        self._progress = progress
        self._told = 0.0
        self._noted = 0.0
        self._started = time.monotonic()
        self._table: Table | None = None
        self.worked = False
        """Whether anything was committed, or a run ended well, since this was made."""
        self._had_rows = True
        self._workers: Workers | None = None
        self._embedder: Embedder | None = None
        self._embedded: Callable[[Embedded], None] = lambda _: None
        self._cache: VectorCache | None = None

    def now_ns(self) -> int:
        """The wall clock of file times; never the clock that was passed in, which tests move."""
        return time.time_ns()

    # -- parts --------------------------------------------------------------------------------------------------

    def table(self) -> Table:
        if self._table is None:
            self._table = self._open_table()
            self._had_rows = self._table.count() > 0
        return self._table

    def warm(self) -> None:
        """Files are to be read: what the table will import is imported while the first of them are extracted."""
        if self._warm is None or self._table is not None or self._warming is not None:
            return
        warm = self._warm

        def run() -> None:
            with suppress(Exception):  # whoever needs it will meet it again
                warm()

        self._warming = threading.Thread(target=run, name="warm")
        self._warming.start()

    def workers(self) -> Workers:
        if self._workers is None:
            self._workers = self._open_workers(self.recipe, self.sizer())
        return self._workers

    def drop_table(self) -> None:
        """Let go of the table: it was replaced, and is opened again when needed."""
        if self._table is not None:
            self._table.close()
            if self._table.upkeep_error:
                self._note_upkeep()  # of an index that was still being made
            self._table = None

    def drop_broken_table(self) -> None:
        """Let go of a table that failed, whatever letting go says: a handle opened anew may find it sound."""
        with suppress(EmbedingestError):
            self.drop_table()
        self._table = None

    def sizer(self) -> Sizer:
        """The token counter of the model, without its weights."""
        return self._open_engine().sizer(self.recipe.model, prompt=self.recipe.prompt)

    def has_table(self) -> bool:
        """Whether there is a table to ask; true where that cannot be told without opening it."""
        return self._table is not None or self._token() != ""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors, float32 (N, D), of some texts, computed now."""
        answer = self._open_engine().embed(texts, model=self.recipe.model, prompt=self.recipe.prompt, priority="bulk")
        return answer.vectors

    def embedder(self, done: Callable[[Embedded], None]) -> Embedder:
        """The embedder; its outcomes go to the `done` of the latest call."""
        self._embedded = done
        if self._embedder is None:
            self._embedder = Embedder(self._open_engine(), self.recipe, self._hand_on)
        return self._embedder

    def _hand_on(self, result: Embedded) -> None:
        self._embedded(result)

    @property
    def cache(self) -> VectorCache:
        if self._cache is None:
            self._cache = self._open_cache()
        return self._cache

    def quiet(self) -> None:
        """Let go of what has calls under way, after a run that did not end well."""
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def close(self) -> None:
        if self._warming is not None:
            self._warming.join()
        self.quiet()
        self.drop_table()
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    # -- what concerns several of them ----------------------------------------------------------------------------

    def known_vectors(self, hashes: Collection[str]) -> dict[str, NDArray[np.float32]]:
        """Vectors that need not be computed, float32 (D,), by text hash."""
        if not hashes:
            return {}
        found = {key: vector for key, vector in self.cache.get(hashes).items() if len(vector) == self.recipe.dimensions}
        missing = [key for key in hashes if key not in found]
        if missing and self.has_table():
            table = self.table()
            # What this run itself wrote into an empty table went through the cache.
            if self._had_rows or self.cache.incomplete:
                found.update(table.vectors(missing))
        if self._lent is not None and (missing := [key for key in missing if key not in found]):
            found.update(self._lent(missing))
        return found

    def commit(self, changes: Changes) -> None:
        self.table().commit(changes)
        self.worked = True

    def record(self, states: Iterable[FileState]) -> None:
        """Tell the journal what the table says now."""
        with self.journal.transaction():
            self.journal.record(states)
            self.journal.set_meta("committed", f"{self.now():.3f}")
            self.mark()

    def mark(self) -> None:
        """The journal agrees with the table as it is now."""
        self.journal.mark_synced(self._token())

    def token(self) -> str:
        return self._token() or ""

    @property
    def holds_table(self) -> bool:
        """Whether the table is open here, so that asking it costs little."""
        return self._table is not None

    def maintain(self, report: IngestReport) -> None:
        """Let the table tend itself, by its own statistics."""
        started = time.perf_counter()
        self.table().maintain(background=True)
        self.mark()
        self._note_upkeep()
        report.spend("maintain", time.perf_counter() - started)

    def _note_upkeep(self) -> None:
        error = self.table().upkeep_error
        if error != self.journal.meta("upkeep_trouble"):
            self.journal.set_meta("upkeep_trouble", error)

    def optimize(self, report: IngestReport) -> None:
        """Let the table tend itself now, whatever its statistics say."""
        started = time.perf_counter()
        self.table().optimize()
        self.mark()
        self._note_upkeep()
        report.spend("maintain", time.perf_counter() - started)

    def tell(self, stage: str, report: IngestReport, done: int, total: int, *, always: bool = False) -> None:
        """Report progress, some ten times a second."""
        now = time.monotonic()
        if now - self._told < _TELL_SECONDS and not always:
            return
        self._told = now
        chunks = report.chunks.new + report.chunks.kept
        progress = Progress(stage, done, total, chunks, report.embedded.tokens, now - self._started)
        if self._progress is not None:
            self._progress(progress)
        if total and (now - self._noted >= _NOTE_SECONDS or always):
            self._noted = now
            self._note(progress)

    def _note(self, progress: Progress) -> None:
        """Leave in the journal where the run stands, for `status` of another process."""
        said = {
            "pid": os.getpid(),
            "stage": progress.stage,
            "done": progress.done,
            "total": progress.total,
            "tokens_per_second": round(progress.tokens_per_second, 1),
            "at": round(self.now(), 3),
        }
        self.journal.set_meta("progress", json.dumps(said))

    def begin(self) -> None:
        """A run begins: its progress counts from now."""
        self._started = time.monotonic()
