"""A folder, a real table, a real journal and the weightless model, to run pipelines over."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embedingest.config import EngineConfig, PipelineConfig, SourceConfig
from embedingest.engine.local import LocalEngine
from embedingest.ingest.extract.extractor import Extracted, Extractor, Job
from embedingest.ingest.pipeline import Pipeline
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.run.progress import ProgressReporter
from embedingest.ingest.run.resources import Resources
from embedingest.ingest.state.journal import Journal
from embedingest.store.health import room_for
from embedingest.store.lock import WriterLock
from embedingest.store.table import ChunkTable, open_table
from embedingest.store.token import version_token
from tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.sources.place import Place

ENGINE = LocalEngine(EngineConfig(threads=1))


class InProcess:
    """Extraction in this process: the same extractor, without a process to start for each pipeline."""

    def __init__(self, recipe: Recipe, sizer: Any) -> None:
        self._extractor = Extractor(recipe.setup(sizer))

    def submit(self, job: Job, *, urgent: bool = False, on_slow: Any = None) -> Future[Extracted]:
        future: Future[Extracted] = Future()
        try:
            future.set_result(self._extractor.extract(job))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        pass


class CountingEngine:
    """An engine that counts what it is asked to embed."""

    def __init__(self, engine: Any = ENGINE) -> None:
        self.engine = engine
        self.texts: list[str] = []
        self.opened = 0

    def __call__(self) -> Any:
        self.opened += 1
        return self

    def embed(self, texts: Any, **options: Any) -> Any:
        self.texts += texts
        return self.engine.embed(texts, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


class HoldingEngine(CountingEngine):
    """Computes nothing with the word `slow` in it before `go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def embed(self, texts: Any, **options: Any) -> Any:
        if any("slow" in text for text in texts):
            self.begun.set()
            assert self.go_on.wait(HANGS_SECONDS)
        return super().embed(texts, **options)


class WorldOpener:
    """Opens the parts of the pipelines of a world."""

    def __init__(self, world: World, config: PipelineConfig, table: str) -> None:
        self.journal_path = world.state / f"{table}.sqlite"
        self.vectors_path = world.state / "vectors.sqlite"
        self.outputs = [world.state]
        self.workers: Any = InProcess
        self.engine: Any = world.engine
        self._world, self._config, self._table = world, config, table
        self._lock = WriterLock(world.db, table)

    def describe(self) -> Any:
        return ENGINE.describe(self._config.model)

    def describe_beside(self) -> Any:
        return {column: self.engine().describe(model) for column, model in self._config.models_beside.items()}

    def table(self, recipe: Recipe) -> Any:
        return self._world.open_table(recipe, self._table, guard=self._lock.ensure if self._lock.held else None)

    def prepare_table(self) -> None:
        pass

    def lock(self) -> WriterLock:
        return self._lock

    def token(self) -> str | None:
        return version_token(self._world.db, self._table)

    def room(self) -> int:
        told = self._world.room
        return room_for([self._world.state, Path(self._world.db)], self._table) if told is None else told

    def lent(self, representation: Any, hashes: Any) -> Any:
        return {}


class World:
    """Everything below one temporary folder. `run` is one start of the program."""

    def __init__(self, base: Path, **settings: Any) -> None:
        self.base = base
        self.folder = base / "docs"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.db = base / "out" / "lancedb"
        self.room: int | None = None  # what is said to be free in place of what is
        self.state = base / "out"
        self.engine: Any = CountingEngine()
        self.tables_opened = 0
        self.settings = {"model": "hashing", "chunk": {"max_tokens": 32}, **settings}
        self.sources: list[SourceConfig] = [SourceConfig(path=self.folder)]
        self.places: tuple[Place, ...] = ()
        self.now = 1_000_000.0
        self.stop = threading.Event()
        self.wrap: Any = lambda table: table

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @property
    def config(self) -> PipelineConfig:
        return PipelineConfig(sources=tuple(self.sources), db=str(self.db), **self.settings)

    def pipeline(self, *, table: str = "chunks", progress: Any = None, **parts: Any) -> Pipeline:
        """A pipeline over the folder; `parts` replace functions of its opener."""
        return Pipeline(
            self.config, self.opener(table, **parts), places=self.places, progress=progress, stop=self.stop,
            now=lambda: self.now,
        )  # fmt: skip

    @contextlib.contextmanager
    def resources(self, *, progress: Any = None, **parts: Any) -> Iterator[Resources]:
        """What a run over the folder works with, for tests of its steps; `parts` as in `pipeline`."""
        opener = self.opener(**parts)
        journal = Journal(opener.journal_path)
        resources = Resources(
            opener, Recipe(self.config, opener.describe(), opener.describe_beside()), journal, ProgressReporter(journal, progress),
            vectors=opener.vectors_path, stop=self.stop, now=lambda: self.now,
        )  # fmt: skip
        try:
            yield resources
        finally:
            resources.close()
            journal.close()

    def opener(self, table: str = "chunks", **parts: Any) -> WorldOpener:
        """Opens what a pipeline needs; `parts` replace its functions."""
        opener = WorldOpener(self, self.config, table)
        for name, part in parts.items():
            setattr(opener, name, part)
        return opener

    def run(self, **options: Any) -> IngestReport:
        self.engine.texts.clear()
        with self.pipeline() as pipeline:
            return pipeline.converge(**options)

    def open_table(self, recipe: Recipe, table: str, guard: Any = None) -> Any:
        self.tables_opened += 1
        opened = open_table(
            self.db, table, fingerprint=recipe.fingerprint, dimensions=recipe.dimensions, create=True,
            extras=recipe.extras, context=recipe.has_context, read_consistency_seconds=0, guard=guard,
            float16=recipe.config.store.float16,
        )  # fmt: skip
        return self.wrap(opened)

    def table(self) -> ChunkTable:
        return open_table(self.db, "chunks", read_consistency_seconds=0)

    def contents(self, *, still: bool = True) -> dict[str, tuple[Any, ...]]:
        """Every row by id (`still`: nobody writes meanwhile), with every column but `ingested_at`; vectors rounded to what must agree."""
        with contextlib.closing(self.table()) as table:
            states = table.source_states()
            rows = [row for rows in table.rows(list(states)).values() for row in rows]
            vectors = table.vectors({row.text_hash for row in rows})
            assert len(rows) == table.count() or not still
        assert not still or len({row.id for row in rows}) == len(rows), "doubled rows"
        return {
            row.id: (row, tuple(np.round(vectors[row.text_hash].astype(float), 3)))
            for row in rows
            if still or row.text_hash in vectors
        }

    def sources_in_table(self) -> set[str]:
        with contextlib.closing(self.table()) as table:
            return set(table.source_states())

    def fresh(self, name: str = "fresh") -> World:
        """Another world over the same folder, with nothing stored yet."""
        other = World(self.base / name, **self.settings)
        other.folder.rmdir()
        other.folder = self.folder
        other.sources = [SourceConfig(path=self.folder, alias=self.folder.name)]
        return other

    def assert_like_fresh(self) -> None:
        import shutil

        other = self.fresh()
        try:
            other.run()
            assert self.contents() == other.contents()
        finally:
            shutil.rmtree(other.base, ignore_errors=True)
