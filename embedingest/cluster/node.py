"""One node of a run: an engine and workers of its own, which bring one part after the other into fragments.

Knows no launcher: it is the same object in this process, in another, or on another machine.
"""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from embedingest.cluster.part_vectors import RecentVectors
from embedingest.cluster.part_work import PartWork, Tools
from embedingest.cluster.parts_at_work import PartsAtWork
from embedingest.errors import ConfigError
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.run.embedder import Embedder, load_model
from embedingest.ingest.run.missing_vectors import MissingVectors
from embedingest.ingest.run.rounds import RoundSizes
from embedingest.ingest.state.vector_cache import VectorCache
from embedingest.store.table import open_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from embedingest.cluster.launcher import Claims
    from embedingest.cluster.part_reading import PartReading
    from embedingest.cluster.parts_at_work import Item
    from embedingest.cluster.values import Part, PartProgress, PartResult
    from embedingest.config import PipelineConfig
    from embedingest.ingest.run.opener import Opener
    from embedingest.store.table import ChunkTable

__all__ = ["SIZES", "Node", "Results", "check_runs_on_nodes"]

SIZES: Final = RoundSizes(round_texts=8192, call_texts=512, call_tokens=65_536)
"""Far more than where files are watched: nobody waits for one of them, and a GPU wants thousands of texts."""


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


def _check_models(recipe: Recipe, fingerprints: Mapping[str, str]) -> None:
    """Raises ConfigError where the driver has other models: their vectors cannot be compared."""
    for one in recipe.representations:
        if one.fingerprint != fingerprints[one.column]:
            raise ConfigError(
                f"a node has model `{one.model}` with fingerprint {one.fingerprint}, and the driver with "
                f"{fingerprints[one.column]}",
                remedy="have the same files of the model on all machines of the cluster: `embedingest models pull` on "
                "each, or a folder that all of them see",
            )


class Node:
    """Works at parts of the pipeline `config`, whose engine and workers `opener` opens, once.

    `fingerprints` are those of the driver's models (`Recipe.fingerprints`). `claims` say which texts are whose; an
    outcome stands in `results` before `work` gives it. `vectors` is the file of the vector cache, which all nodes of a
    machine share; `None` where there is none. `now` is a clock in seconds since the epoch. Raises what `Opener` raises,
    and ConfigError where a model is not the driver's, or for a pipeline as of `check_runs_on_nodes`.
    """

    def __init__(
        self,
        opener: Opener,
        config: PipelineConfig,
        claims: Claims,
        results: Results,
        *,
        fingerprints: Mapping[str, str],
        vectors: Path | None,
        now: Callable[[], float] = time.time,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        check_runs_on_nodes(config)
        self._config = config
        self._recipe = Recipe(config, opener.describe(), opener.describe_beside())
        _check_models(self._recipe, fingerprints)
        self._opener = opener
        self._claims = claims
        self._results = results
        self._now = now
        self._on_close = on_close
        self._recent = RecentVectors()
        self._cache = None if vectors is None else VectorCache(vectors)
        self._embedder: Embedder | None = None
        self._table: ChunkTable | None = None
        self._inbox: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._parts: PartsAtWork | None = None
        self._warm()
        sizer = opener.engine().sizer(self._recipe.model, prompt=self._recipe.prompt)
        self._workers = opener.workers(self._recipe, sizer)

    def work(self, part: Part) -> PartResult:
        """What became of the files of a part; where it was worked at before, that. One part at a time.

        Raises EngineError, StoreError, FingerprintError: then the part may be tried again, here or elsewhere.
        """
        known = self._results.get(part.number)
        if known is not None:
            self._at_work().forget(part)
            return known
        try:
            result = self._at_work().run(part)
        except BaseException:
            self._drop()  # with the calls that are under way
            raise
        return self._results.keep(result)

    def prepare(self, part: Part) -> None:
        """Have the files of the part that comes next read beside the work at another. Called from any thread."""
        self._inbox.put(part)

    @property
    def progress(self) -> list[PartProgress]:
        """How far the parts are that it has. May be asked from any thread."""
        parts = self._parts
        return [] if parts is None else parts.progress

    def close(self) -> None:
        """Close everything; work that is under way in another thread fails. Safe to call twice."""
        self._inbox.put(None)
        self._drop()
        self._workers.close()
        if self._table is not None:
            self._table.close()
            self._table = None
        if self._cache is not None:
            self._cache.close()
        self._on_close()

    # -- parts that are opened once

    def _warm(self) -> None:
        """Have the model loaded, and what opens tables imported, while the first files are read."""
        load_model(self._opener.engine(), self._recipe)

        def run() -> None:
            with suppress(Exception):  # whoever opens the table meets it again
                self._opener.prepare_table()

        threading.Thread(target=run, name="warm", daemon=True).start()

    def _at_work(self) -> PartsAtWork:
        if self._parts is None:
            inbox = self._inbox
            self._embedder = Embedder(self._opener.engine(), self._recipe, inbox.put)
            tools = Tools(
                self._recipe, self._embedder, MissingVectors(SIZES), self._recent, self._cache, self._claims, self._now
            )

            def begin(part: Part, reading: PartReading) -> PartWork:
                return PartWork(part, reading, tools, self._table_at(part.version))

            self._parts = PartsAtWork(tools, lambda: self._workers, begin, inbox)
        return self._parts

    def _drop(self) -> None:
        """Forget the parts that are at work, and what is still to come for them."""
        self._parts, self._inbox = None, queue.SimpleQueue()
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
