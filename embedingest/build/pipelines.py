"""Pipelines of a configuration, and what reads one file as they would."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from embedingest.build.extend import extended, mirrors_of
from embedingest.build.remembered import journal_path
from embedingest.config import DEFAULT

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.build.models import EngineSource
    from embedingest.config import StoreConfig
    from embedingest.ingest.extract.extractor import Extractor
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import ProgressSink
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.resources import Table
    from embedingest.store.values import Upkeep
    from embedingest.types import Sizer

__all__ = ["open_extractor", "open_pipeline"]


def open_extractor(engines: EngineSource, name: str = DEFAULT) -> tuple[Extractor, Sizer]:
    """What reads and cuts one file as the pipeline `name` would, in this process, and what counts its tokens."""
    from embedingest.ingest.extract.extractor import Extractor
    from embedingest.ingest.rows.recipe import Recipe

    config = extended(engines.config.pipelines[name], engines.config.plugins, engines.config.state)
    engine = engines.engine_of(config.engine)
    recipe = Recipe(config, engine.describe(config.model))
    setup = recipe.setup(engine.sizer(config.model, prompt=recipe.prompt))
    return Extractor(setup), setup.sizer


def open_pipeline(
    engines: EngineSource,
    name: str = DEFAULT,
    *,
    progress: ProgressSink | None = None,
    stop: threading.Event | None = None,
    lent: Callable[[Collection[str]], dict[str, NDArray[np.float32]]] | None = None,
) -> Pipeline:
    """The pipeline `name` of the configuration. Takes no lock and opens nothing until it is used.

    The engine, the table and the workers are opened when a run first needs them, which an unchanged one never does.
    """
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.sources.mirror import MirroredPipeline
    from embedingest.store.token import version_token
    from embedingest.store.writer import writer_lock

    state = engines.config.state
    config = extended(engines.config.pipelines[name], engines.config.plugins, state)
    db, table = config.db, config.table
    mirrors = mirrors_of(config)
    lock = writer_lock(db, table, state=state)
    make = partial(MirroredPipeline, mirrors=mirrors) if mirrors else Pipeline

    def opened(recipe: Recipe) -> Table:
        from embedingest.store.table import open_table

        return open_table(
            db,
            table,
            fingerprint=recipe.fingerprint,
            dimensions=recipe.dimensions,
            create=True,
            model=config.model,
            document_prompt=recipe.prompt,
            float16=config.store.float16,
            upkeep=_upkeep(config.store),
            guard=lock.ensure,
        )

    return make(
        config,
        journal=journal_path(state, db, table),
        vectors=state / "vectors.sqlite",
        describe=lambda: engines.engine_of(config.engine).describe(config.model),
        open_engine=lambda: engines.engine_of(config.engine),
        open_table=opened,
        warm=_import_store,
        lock=lambda: lock,
        token=lambda: version_token(db, table),
        outputs=_outputs(state, db),
        verbs=_table_verbs(),
        progress=progress,
        stop=stop,
        lent=lent,
    )


def _import_store() -> None:
    """What `open_table` will import, so that it can be imported beside other work."""
    import embedingest.store.table  # noqa: F401 -- imported for later
    from embedingest.store.database import load

    load()


def _upkeep(settings: StoreConfig) -> Upkeep:
    from embedingest.store.values import TextSettings, Upkeep

    text = TextSettings(
        language=settings.language,
        stem=settings.stem,
        stop_words=settings.stop_words,
        tokenizer=settings.tokenizer,
    )
    return Upkeep(text=text, retention_seconds=settings.retention_seconds, index_rows=settings.index_rows)


def _table_verbs() -> dict[str, Callable[[Any, Mapping[str, Any]], object]]:
    """What a writer can be asked about snapshots, beside what every writer knows."""

    def tag(table: Any, arguments: Mapping[str, Any]) -> object:
        from embedingest.store import snapshots

        return snapshots.tag(table, str(arguments["name"]))

    def drop_tag(table: Any, arguments: Mapping[str, Any]) -> object:
        from embedingest.store import snapshots

        snapshots.drop(table, str(arguments["name"]))
        return None

    def restore(table: Any, arguments: Mapping[str, Any]) -> object:
        from embedingest.store import snapshots

        return snapshots.restore(table, str(arguments["name"]))

    return {"tag": tag, "drop-tag": drop_tag, "restore": restore}


def _outputs(state: Path, db: str) -> list[Path]:
    from embedingest.store.uri import local_folder

    folder = local_folder(db)
    return [state.absolute(), *([] if folder is None else [folder.absolute()])]
