"""The parts of one pipeline, opened when they are first needed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from embedingest.build.journals import journal_path, output_folders
from embedingest.build.models import used_models
from embedingest.build.sources import open_places, with_reading
from embedingest.config import HERE
from embedingest.store.values import TextSettings, Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from numpy.typing import NDArray

    from embedingest.build.models import EngineSource
    from embedingest.config import PipelineConfig, StoreConfig
    from embedingest.engine.engine import Engine
    from embedingest.ingest.representation import Representation
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.opener import Table, Workers
    from embedingest.ingest.sources.place import Place
    from embedingest.types import ModelInfo, Sizer

    VectorLender: TypeAlias = Callable[[Representation, Collection[str]], dict[str, NDArray[Any]]]

__all__ = ["PipelineOpener", "VectorLender"]


class PipelineOpener:
    """Opens the parts of one pipeline; see `ingest/run/opener.py`. `config` is extended by plug-ins already.

    Sources that are no folders are opened here, and their items read in this process for the workers.
    """

    def __init__(self, engines: EngineSource, config: PipelineConfig, *, lent: VectorLender | None = None) -> None:
        from embedingest.store.writer import writer_lock

        state = engines.config.state
        self.journal_path: Final = journal_path(state, config.db, config.table)
        self.vectors_path: Final = state / "vectors.sqlite"
        self.outputs: Final = output_folders(state, config.db)
        self._engines = engines
        self._config = config
        self._lent = lent
        self._lock = writer_lock(config.db, config.table, state=state)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The sources that are no folders. Raises PluginError."""
        return open_places(self._config)

    def describe(self) -> ModelInfo:
        return self.engine().describe(self._config.model)

    def describe_beside(self) -> dict[str, ModelInfo]:
        if not self._config.models_beside:
            return {}
        from embedingest.engine.beside import described_beside

        models, engine = self._config.models_beside, self.engine()
        return {column: described_beside(engine, column, model) for column, model in models.items()}

    def engine(self) -> Engine:
        from embedingest.engine.together import keep_together

        engine = self._engines.engine_of(self._config.engine)
        keep_together(engine, used_models(self._config), warn=True)
        return engine

    def table(self, recipe: Recipe) -> Table:
        from embedingest.store.table import open_table

        config = self._config
        table = open_table(
            config.db,
            config.table,
            fingerprint=recipe.fingerprint,
            dimensions=recipe.dimensions,
            create=True,
            model=config.model,
            document_prompt=recipe.prompt,
            float16=config.store.float16,
            extras=recipe.extras,
            context=recipe.has_context,
            upkeep=_upkeep(config.store),
            guard=self._lock.ensure,
        )
        if config.run.on_ray:
            from embedingest.cluster.ray import index_makers

            table.index_with(index_makers(config.run))
        elif config.run.on != HERE:
            from embedingest.cluster.apart import in_own_process
            from embedingest.store.elsewhere import elsewhere

            table.index_with(elsewhere(in_own_process))
        return table

    def prepare_table(self) -> None:
        import embedingest.store.table  # noqa: F401 -- imported for later
        from embedingest.store.database import load

        load()

    def workers(self, recipe: Recipe, sizer: Sizer) -> Workers:
        from embedingest.ingest.extract.pool import WorkerPool

        load = recipe.config.load
        pool = WorkerPool(
            recipe.setup(sizer),
            workers=load.workers,
            timeout_seconds=load.timeout_seconds,
            memory_mib=load.memory_mib,
        )
        return with_reading(pool, self.places, load)

    def lock(self) -> AbstractContextManager[Any]:
        return self._lock

    def ensure_lock(self) -> None:
        """Raises LockedError where the table may not be written any more."""
        self._lock.ensure()

    def token(self) -> str | None:
        from embedingest.store.token import version_token

        return version_token(self._config.db, self._config.table)

    def room(self) -> int:
        from embedingest.store.health import room_for

        return room_for(self.outputs, self._config.table)

    def lent(self, representation: Representation, hashes: Collection[str]) -> dict[str, NDArray[Any]]:
        return {} if self._lent is None else self._lent(representation, hashes)


def _upkeep(settings: StoreConfig) -> Upkeep:
    text = TextSettings(
        language=settings.language,
        stem=settings.stem,
        stop_words=settings.stop_words,
        tokenizer=settings.tokenizer,
    )
    return Upkeep(text=text, retention_seconds=settings.retention_seconds, index_rows=settings.index_rows)
