"""Pipelines of a configuration, and what reads one file as they would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedingest.build.extend import extended
from embedingest.build.nodes import walk_maker
from embedingest.build.opener import PipelineOpener
from embedingest.config import DEFAULT

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from embedingest.build.models import EngineSource
    from embedingest.build.opener import VectorLender
    from embedingest.ingest.extract.extractor import Extractor
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import ProgressSink, SnapshotDeed
    from embedingest.ingest.requests import Verb
    from embedingest.store.table import ChunkTable
    from embedingest.types import Sizer

__all__ = ["open_extractor", "open_pipeline"]


def open_extractor(engines: EngineSource, name: str = DEFAULT) -> tuple[Extractor, Sizer]:
    """What reads and cuts one file as the pipeline `name` would, in this process, and what counts its tokens."""
    from embedingest.ingest.extract.extractor import Extractor
    from embedingest.ingest.rows.recipe import Recipe

    config = extended(engines.config.pipelines[name], engines.config.plugins, engines.config.state)
    engine = engines.engine_of(config.engine)
    recipe = Recipe(config, engine.describe(config.model))
    setup = recipe.setup(engine.sizer(recipe.model, prompt=recipe.prompt))
    return Extractor(setup), setup.sizer


def open_pipeline(
    engines: EngineSource,
    name: str = DEFAULT,
    *,
    progress: ProgressSink | None = None,
    stop: threading.Event | None = None,
    lent: VectorLender | None = None,
) -> Pipeline:
    """The pipeline `name` of the configuration. Takes no lock and opens nothing until it is used; a reranker that its
    settings name is looked for at once. Raises ConfigError and ModelNotFoundError where that is none.

    The engine, the table and the workers are opened when a run first needs them, which an unchanged one never does.
    `lent` may know vectors that neither the table nor the cache has.
    """
    from embedingest.ingest.pipeline import Pipeline

    config = extended(engines.config.pipelines[name], engines.config.plugins, engines.config.state)
    if config.rerank is not None:
        from embedingest.reranking import check_usual

        check_usual(config.rerank, engines.engine_of(config.engine))
    opener = PipelineOpener(engines, config, lent=lent)
    pipeline = Pipeline(
        config,
        opener,
        places=opener.places,
        verbs=_table_verbs(),
        progress=progress,
        stop=stop,
        make_walk=walk_maker(engines.config, name, config, opener.ensure_lock),
    )
    for place in opener.places:
        place.stop = pipeline.stop
    return pipeline


def _table_verbs() -> dict[str, Verb]:
    """What a writer can be asked about snapshots, beside what every writer knows."""
    from embedingest.ingest.requests import changing, restoring

    return {"tag": changing(_tag), "drop-tag": changing(_drop_tag), "restore": restoring(_restore)}


def _tag(table: ChunkTable, arguments: Mapping[str, Any]) -> SnapshotDeed:
    from embedingest.ingest.report import SnapshotDeed
    from embedingest.store import snapshots

    made = snapshots.tag(table, str(arguments["name"]))
    return SnapshotDeed("made", made.name, made.rows)


def _drop_tag(table: ChunkTable, arguments: Mapping[str, Any]) -> SnapshotDeed:
    from embedingest.ingest.report import SnapshotDeed
    from embedingest.store import snapshots

    name = str(arguments["name"])
    rows = next((snapshot.rows for snapshot in snapshots.snapshots(table) if snapshot.name == name), 0)
    snapshots.drop(table, name)
    return SnapshotDeed("dropped", name, rows)


def _restore(table: ChunkTable, arguments: Mapping[str, Any]) -> SnapshotDeed:
    from embedingest.ingest.report import SnapshotDeed
    from embedingest.store import snapshots

    name = str(arguments["name"])
    return SnapshotDeed("restored", name, snapshots.restore(table, name))
