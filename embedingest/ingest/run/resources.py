"""What a run works with, each part opened when it is first needed: table, workers, engine, cache. Knows no order.

An unchanged run opens none of them.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import EmbedingestError
from embedingest.ingest.report import IngestReport
from embedingest.ingest.run.embedder import Embedder, load_model
from embedingest.ingest.run.lazy_table import LazyTable
from embedingest.ingest.run.sentences import Sentences
from embedingest.ingest.state.table_facts import note_facts, noted_facts
from embedingest.store.health import damage, damaged_table

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from embedingest.ingest.context.front import FrontSettings
    from embedingest.ingest.representation import Representation
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.embedding import Embedded
    from embedingest.ingest.run.opener import Opener, Table, Workers
    from embedingest.ingest.run.progress import ProgressReporter
    from embedingest.ingest.state.journal import FileState, Journal
    from embedingest.ingest.state.vector_cache import VectorCache
    from embedingest.store.values import Changes
    from embedingest.types import Sizer

__all__ = ["Resources"]

_SENTENCES: Final = "contexts.sqlite"


class Resources:
    """Lazily opened parts, and the few things that are done to several of them at once.

    The journal remembers the table's version, so that whatever else writes or removes the table is noticed.
    `vectors` is the file of the vector cache, `now` a clock in seconds since the epoch.
    """

    def __init__(
        self,
        opener: Opener,
        recipe: Recipe,
        journal: Journal,
        progress: ProgressReporter,
        *,
        vectors: Path,
        stop: threading.Event,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.recipe = recipe
        self.journal = journal
        self.progress = progress
        self.stop = stop
        self.now = now
        self.worked = False
        """Whether anything was committed, or a run ended well, since this was made."""
        self.heeds_pause = False
        """Whether a run ends early where a person asks for a pause: where somebody goes on once it is resumed."""
        self._opener = opener
        self._vectors = vectors
        self._table = LazyTable(opener, recipe)
        self._workers: Workers | None = None
        self._embedder: Embedder | None = None
        self._on_embedded: Callable[[Embedded], None] = lambda _: None
        self._cache: VectorCache | None = None
        self.sentences = Sentences(recipe.config.context, vectors.with_name(_SENTENCES))

    # -- parts

    def table(self) -> Table:
        return self._table.get()

    def check_files(self) -> None:
        """Look whether the table's files are there, which costs milliseconds. Raises DamagedTableError."""
        found = damage(self.recipe.config.db, self.recipe.config.table)
        if found and found[0].part == "rows":
            raise damaged_table(self.recipe.config.table, found)

    def prepare_table(self) -> None:
        """Files are to be read: the table is opened while the first of them are extracted."""
        self._table.prepare()

    def prepare_model(self) -> None:
        """Texts are to be embedded: the model is loaded while the table is opened and the first files are read."""
        load_model(self._opener.engine(), self.recipe)

    def workers(self) -> Workers:
        if self._workers is None:
            self._workers = self._opener.workers(self.recipe, self.sizer())
        return self._workers

    def drop_table(self) -> None:
        """Close the table: it was replaced, and is opened again when needed."""
        table = self._table.drop()
        if table is not None:
            table.close()
            if table.upkeep_error:
                self._note_upkeep(table)  # of an index that was still being made

    def drop_broken_table(self) -> None:
        """Close a table that failed, whatever closing it raises: a handle opened anew may find it sound."""
        with suppress(EmbedingestError):
            self.drop_table()

    def sizer(self) -> Sizer:
        """The token counter of the model, without its weights."""
        return self._opener.engine().sizer(self.recipe.model, prompt=self.recipe.prompt)

    def has_table(self) -> bool:
        """Whether there is a table to ask; true where that cannot be told without opening it."""
        return self._table.exists()

    def computed(self, representation: Representation, texts: Sequence[str]) -> Sequence[NDArray[Any]]:
        """One representation of N texts, computed now."""
        from embedingest.ingest.run.computing import compute

        engine, prompt = self._opener.engine(), self.recipe.prompt
        return compute(engine, representation, texts, prompt=prompt, priority="bulk").values

    def embedder(self, done: Callable[[Embedded], None]) -> Embedder:
        """The embedder; its outcomes go to the `done` of the latest call."""
        self._on_embedded = done
        if self._embedder is None:
            self._embedder = Embedder(self._opener.engine(), self.recipe, self._hand_on)
        return self._embedder

    def _hand_on(self, result: Embedded) -> None:
        self._on_embedded(result)

    @property
    def cache(self) -> VectorCache:
        if self._cache is None:
            from embedingest.ingest.state.vector_cache import VectorCache

            self._cache = VectorCache(self._vectors)
        return self._cache

    def prepare_cache(self) -> None:
        """Others are to open the vector cache, several at once: whatever is wrong with its file is mended before."""
        _ = self.cache

    @cached_property
    def front(self) -> FrontSettings:
        """How much may stand in front of a chunk."""
        front = self.recipe.front(self.sizer().capacity)
        assert front is not None
        return front

    def stop_calls(self) -> None:
        """Close what has calls under way, after a run that did not end well."""
        self.sentences.stop()
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def close(self) -> None:
        self._table.wait()
        self.stop_calls()
        self.drop_table()
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        self.sentences.close()

    # -- what concerns several of them

    def known_vectors(self, keys: Collection[str]) -> dict[str, NDArray[Any]]:
        """What need not be computed of texts, by key; see `ingest/representation.py`."""
        if not keys:
            return {}
        known = self.recipe.fitting(self.cache.get(keys))
        missing = [key for key in keys if key not in known]
        # What this run itself wrote into an empty table went through the cache.
        if missing and self.has_table() and (self._had_rows() or self.cache.incomplete):
            known |= self.stored_vectors(missing)
        for representation, hashes in self.recipe.by_representation(key for key in missing if key not in known):
            known |= _by_key(representation, self._opener.lent(representation, hashes))
        return known

    def _had_rows(self) -> bool:
        self.table()
        return self._table.had_rows

    def stored_vectors(self, keys: Iterable[str]) -> dict[str, NDArray[Any]]:
        """What the table has of texts, by key."""
        known: dict[str, NDArray[Any]] = {}
        for representation, hashes in self.recipe.by_representation(keys):
            known |= _by_key(representation, self.table().vectors(hashes, representation.column))
        return known

    def commit(self, changes: Changes) -> None:
        self.table().commit(changes)
        self.worked = True

    def record(self, states: Iterable[FileState]) -> None:
        """Write into the journal what the table holds now."""
        with self.journal.transaction():
            self.journal.record(states)
            self.journal.set_meta("committed", f"{self.now():.3f}")
            self.mark()
        if self.holds_table:
            self._note_facts()

    def mark(self) -> None:
        """The journal agrees with the table as it is now."""
        self.journal.mark_synced(self._opener.token())

    def token(self) -> str | None:
        """The table's newest version; empty for no table, `None` where it cannot be told without opening it."""
        return self._opener.token()

    @property
    def holds_table(self) -> bool:
        """Whether the table is open here, so that asking it costs little."""
        return self._table.is_open

    def maintain(self, report: IngestReport) -> None:
        """Let the table tend itself, by its own statistics."""
        started = time.perf_counter()
        self.table().maintain(background=True)
        self._maintained(report, started)

    def optimize(self) -> IngestReport:
        """Let the table tend itself now, whatever its statistics say."""
        report, started = IngestReport(), time.perf_counter()
        self.table().optimize()
        self._maintained(report, started)
        return report

    def table_replaced(self) -> None:
        """The table gave way to another, whose rows the journal knows."""
        self.drop_table()
        with self.journal.transaction():
            self.journal.set_meta("model", self.recipe.models)
            self.journal.set_meta("choice", self.recipe.choice)
            self.mark()

    def _maintained(self, report: IngestReport, started: float) -> None:
        self.mark()
        self._note_upkeep(self.table())
        self._note_facts()
        report.spend("maintain", time.perf_counter() - started)

    def _note_upkeep(self, table: Table) -> None:
        error = table.upkeep_error
        if error != self.journal.meta("upkeep_trouble"):
            self.journal.set_meta("upkeep_trouble", error)

    def _note_facts(self) -> None:
        """Leave the figures of this version of the table for `status`, which then need not open it."""
        token = self._opener.token()
        if token and noted_facts(self.journal, token) is None:
            note_facts(self.journal, token, self.table().facts())


def _by_key(representation: Representation, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {representation.key(text_hash): value for text_hash, value in values.items()}
