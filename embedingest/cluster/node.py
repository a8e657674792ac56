"""One node of a run: an engine and workers of its own, which bring one part after the other into fragments.

Knows no launcher: it is the same object in this process, in another, or on another machine.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from embedingest.cluster.part_reading import PartReading
from embedingest.cluster.part_vectors import RecentVectors
from embedingest.cluster.part_work import PartWork, Tools
from embedingest.errors import ConfigError
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.run.embedder import Embedder, load_model
from embedingest.ingest.state.vector_cache import VectorCache
from embedingest.store.table import open_table

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable
    from pathlib import Path

    from embedingest.cluster.launcher import Claims
    from embedingest.cluster.values import Part, PartResult
    from embedingest.config import PipelineConfig
    from embedingest.ingest.run.embedding import Embedded
    from embedingest.ingest.run.extraction import Outcome
    from embedingest.ingest.run.opener import Opener
    from embedingest.store.table import ChunkTable

__all__ = ["Node", "Results", "check_runs_on_nodes"]


class Results(Protocol):
    """What parts of a run came to, kept where the next run finds it."""

    def get(self, part: int) -> PartResult | None:
        """The outcome of a part that was worked at before. Raises StoreError."""
        ...

    def keep(self, result: PartResult) -> PartResult:
        """Keep an outcome, unless there is one of this part: that is then the answer. Raises StoreError."""
        ...


def check_runs_on_nodes(config: PipelineConfig) -> None:
    """Raises ConfigError for a pipeline that nodes cannot do.

    Sentences of a command or an endpoint are kept in the state folder of one machine, so that none is paid for twice.
    """
    if config.context is not None and config.context.is_written:
        raise ConfigError(
            f"the context of chunks is written by `{config.context.name}`, and a run over several nodes asks nobody",
            remedy="run it without `--on` or `run.on`, or leave `command` and `url` out of `context`",
        )


class Node:
    """Works at parts of the pipeline `config`, whose engine and workers `opener` opens, once.

    `claims` say which texts are whose; an outcome stands in `results` before `work` gives it. `vectors` is the file of
    the vector cache, which all nodes of a machine share; `None` where there is none. `now` is a clock in seconds since
    the epoch. Raises what `Opener` raises, and ConfigError (see `check_runs_on_nodes`).
    """

    def __init__(
        self,
        opener: Opener,
        config: PipelineConfig,
        claims: Claims,
        results: Results,
        *,
        vectors: Path | None,
        now: Callable[[], float] = time.time,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        check_runs_on_nodes(config)
        self._config = config
        self._recipe = Recipe(config, opener.describe(), opener.describe_beside())
        self._opener = opener
        self._claims = claims
        self._results = results
        self._now = now
        self._on_close = on_close
        self._recent = RecentVectors()
        self._cache = None if vectors is None else VectorCache(vectors)
        self._embedder: Embedder | None = None
        self._table: ChunkTable | None = None
        self._inbox: queue.SimpleQueue[Outcome | Embedded] | None = None
        self._lock = threading.Lock()
        self._ahead: dict[int, PartReading] = {}
        self._warm()
        sizer = opener.engine().sizer(self._recipe.model, prompt=self._recipe.prompt)
        self._workers = opener.workers(self._recipe, sizer)

    def work(self, part: Part) -> PartResult:
        """What became of the files of a part; where it was worked at before, that. One part at a time.

        Raises EngineError, StoreError, FingerprintError: then the part may be tried again, here or elsewhere.
        """
        with self._lock:
            reading = self._ahead.pop(part.number, None)
        known = self._results.get(part.number)
        if known is not None:
            return known
        reading = reading or PartReading(part, lambda: self._workers)
        self._inbox = reading.inbox
        try:
            embedder = self._opened_embedder()
            tools = Tools(self._recipe, embedder, self._recent, self._cache, self._claims, self._now)
            result = PartWork(part, reading, tools, self._table_at(part.version)).run(self._read_ahead)
        except BaseException:
            self._drop_embedder()  # with the calls that are under way
            raise
        return self._results.keep(result)

    def prepare(self, part: Part) -> None:
        """Begin to read the files of the part that comes next, beside the work at another. From any thread."""
        reading = PartReading(part, lambda: self._workers)
        reading.feed()
        with self._lock:
            self._ahead[part.number] = reading

    def close(self) -> None:
        """Close everything; work that is under way in another thread fails. Safe to call twice."""
        self._drop_embedder()
        self._workers.close()
        if self._table is not None:
            self._table.close()
            self._table = None
        if self._cache is not None:
            self._cache.close()
        self._on_close()

    def _read_ahead(self) -> None:
        with self._lock:
            readings = list(self._ahead.values())
        for reading in readings:
            reading.read_ahead()

    # -- parts that are opened once

    def _warm(self) -> None:
        """Have the model loaded, and what opens tables imported, while the first files are read."""
        load_model(self._opener.engine(), self._recipe)

        def run() -> None:
            with suppress(Exception):  # whoever opens the table meets it again
                self._opener.prepare_table()

        threading.Thread(target=run, name="warm", daemon=True).start()

    def _opened_embedder(self) -> Embedder:
        if self._embedder is None:
            self._embedder = Embedder(self._opener.engine(), self._recipe, self._hand_on)
        return self._embedder

    def _hand_on(self, embedded: Embedded) -> None:
        """A call came back, in a thread of the embedder."""
        if self._inbox is not None:
            self._inbox.put(embedded)

    def _drop_embedder(self) -> None:
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None

    def _table_at(self, version: int) -> ChunkTable:
        """The table at a version, to be read only. Raises StoreError, FingerprintError."""
        if self._table is None:
            config, recipe = self._config, self._recipe
            self._table = open_table(
                config.db,
                config.table,
                fingerprint=recipe.fingerprint,
                dimensions=recipe.dimensions,
                extras=recipe.extras,
                context=recipe.has_context,
                read_consistency_seconds=0,
            )
        return self._table.at(version)
