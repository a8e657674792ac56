"""Whether what a configuration names can be started: asked before anything that runs is ended for it.

Takes a lock and opens a journal only where nothing else stands against a start.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from embedingest import registry
from embedingest.build.extend import extended, mirrors_of
from embedingest.build.pipelines import PipelineOpener
from embedingest.errors import TableMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedingest.build.models import EngineSource
    from embedingest.config import Config, PipelineConfig

__all__ = ["check_plugins", "check_start"]


def check_start(engines: EngineSource, name: str, *, held: bool) -> None:
    """Raise what starting the pipeline `name` would raise before its first row. Reads no document, loads no model.

    `held`: this process writes its table already, so that neither lock nor journal is asked for. Raises ConfigError
    (folders, aliases, plug-ins), EngineError (unknown models), StoreError (a table that cannot be opened or is
    another model's, LockedError).
    """
    from embedingest.ingest.audit.copied_journal import with_copy
    from embedingest.ingest.hold import Hold
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.scan.folders import Folders

    config = extended(engines.config.pipelines[name], engines.config.plugins, engines.config.state)
    mirrored = {}
    for mirror in mirrors_of(config):  # their folders are made at the start
        mirrored[mirror.alias] = os.path.abspath(mirror.folder)  # noqa: PTH100 -- resolve() would follow links
        mirror.source.close()
    opener = PipelineOpener(engines, config)
    with_copy(opener.journal_path, lambda known: Folders.of(config, opener.outputs, {**known.roots(), **mirrored}))
    recipe = Recipe(config, opener.describe())
    _check_table(config, recipe.fingerprint, recipe.dimensions)
    if not held:
        Hold(opener).close()


def _check_table(config: PipelineConfig, fingerprint: str, dimensions: int) -> None:
    from embedingest.store.table import open_table

    try:
        open_table(config.db, config.table, fingerprint=fingerprint, dimensions=dimensions).close()
    except TableMissingError:
        return  # it is made


def check_plugins(settings: Config) -> None:
    """Check every plug-in that is named, and its settings. Raises PluginError."""
    registry.named(settings.plugins)
    for group, name, options in _plugin_uses(settings):
        registry.find(group, name.partition("#")[0]).check(options)


def _plugin_uses(settings: Config) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Group, name (`NAME#DIGEST` where a rule has its own options) and options of each plug-in that is named."""
    for engine in (settings.engine, *settings.engines.values()):
        if engine.engine != "local":
            yield "engines", engine.engine, engine.options
    for model in settings.models.values():
        if model.encoder != "auto":
            yield "encoders", model.encoder, model.options
    for pipeline in settings.pipelines.values():
        load, chunk = pipeline.load, pipeline.chunk
        for name in load.chosen().values():
            yield "loaders", name, load.settings().get(name, {})
        for name, options in load.settings().items():
            yield "loaders", name, options
        for name, options in chunk.settings().items():
            yield "chunkers", name, options
        if chunk.chunker != "auto":
            yield "chunkers", chunk.chunker, {}
        for source in pipeline.sources:
            if source.source != "folder":
                yield "sources", source.source, source.options
