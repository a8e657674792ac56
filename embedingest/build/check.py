"""Whether what a configuration names can be started: asked before anything that runs is ended for it.

Takes a lock and opens a journal only where nothing else stands against a start. `check_names` asks it of a file.
"""

from __future__ import annotations

import difflib
import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest import registry
from embedingest.build.extend import extended
from embedingest.build.nodes import runs_here
from embedingest.build.opener import PipelineOpener
from embedingest.config import FOLDER
from embedingest.errors import ConfigError, TableMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from embedingest.build.models import EngineSource
    from embedingest.config import Config, EngineConfig, PipelineConfig, Reading
    from embedingest.ingest.rows.recipe import Recipe

__all__ = ["check_names", "check_plugins", "check_start", "idle_plugins", "not_watched"]


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
    opener = PipelineOpener(engines, config)
    with_copy(opener.journal_path, lambda known: Folders.of(config, opener.outputs, known.roots(), opener.places))
    for place in opener.places:
        place.close()
    recipe = Recipe(config, opener.describe(), opener.describe_beside())
    _check_writer(config, nullcontext())
    _check_table(config, recipe)
    if not held:
        Hold(opener).close()


def _check_table(config: PipelineConfig, recipe: Recipe) -> None:
    from embedingest.store.table import open_table

    try:
        made_by: dict[str, Any] = {
            "fingerprint": recipe.fingerprint,
            "dimensions": recipe.dimensions,
            "extras": recipe.extras,
            "context": recipe.has_context,
        }
        open_table(config.db, config.table, **made_by).close()
    except TableMissingError:
        return  # it is made


def check_names(engines: EngineSource, reading: Reading) -> None:
    """Check what the file that was read names: plug-ins with their settings, models, sizes of chunks, folders.

    Loads no model and opens no connection. Raises ConfigError that begins with file, line and key.
    """
    from embedingest.engine.beside import described_beside
    from embedingest.ingest.rows.recipe import check_chunk_sizes
    from embedingest.reranking import check_usual

    config = reading.config
    check_plugins(config, reading.at)
    for name, pipeline in config.pipelines.items():
        if config.engine_of(pipeline.engine).engine == "local":
            with reading.at("pipelines", name, "model"):
                model = engines.engine_of(pipeline.engine).describe(pipeline.model)
            for column, beside in pipeline.models_beside.items():
                with reading.at("pipelines", name, column):
                    described_beside(engines.engine_of(pipeline.engine), column, beside)
            with reading.at("pipelines", name, "chunk"):
                check_chunk_sizes(pipeline.chunk, model)
            if pipeline.rerank is not None:
                with reading.at("pipelines", name, "rerank"):
                    check_usual(pipeline.rerank, engines.engine_of(pipeline.engine))
        _check_writer(pipeline, reading.at("pipelines", name, "context"))
        for index, source in enumerate(pipeline.sources):
            if source.source == FOLDER and not source.path.exists():
                with reading.at("pipelines", name, "sources", index, "path"):
                    raise _no_such_folder(source.path)
    if config.server is not None and config.engine.engine == "local":
        for index, preloaded in enumerate(config.server.preload):
            with reading.at("server", "preload", index):
                engines.engine_of().describe(preloaded)


def _check_writer(pipeline: PipelineConfig, at: AbstractContextManager[None]) -> None:
    """Whether there is who is to write context. Starts no program and opens no connection."""
    if pipeline.context is not None and pipeline.context.is_written:
        from embedingest.ingest.context.asked import open_asked

        with at:
            open_asked(pipeline.context).close()


def _no_such_folder(path: Path) -> ConfigError:
    parent = path.resolve().parent
    names = [entry.name for entry in parent.iterdir() if entry.is_dir()] if parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=1)
    remedy = f"did you mean `{near[0]}`?" if near else "make it, or check the path; it is relative to the file"
    return ConfigError(f"no such folder: {os.path.normpath(path)}", remedy=remedy)


def check_plugins(settings: Config, at: Callable[..., AbstractContextManager[None]] = lambda *_: nullcontext()) -> None:
    """Check every plug-in that is named, and its settings. Raises PluginError, or what `at` makes of it at a key."""
    for index, name in enumerate(settings.plugins):
        with at("plugins", index):
            registry.named([name])
    for use in _plugin_uses(settings):
        with at(*use.key):
            registry.find(use.group, use.name).check(use.options)


_USED_BY: Final = {
    "encoders": "`--model {name}`, or `models: {{mine: {{encoder: {name}}}}}` with `model: mine` in a configuration",
    "engines": "`engine: {{engine: {name}}}` in a configuration",
    "chunkers": "`--chunker {name}`, or `chunk: {{chunker: {name}}}` in a configuration",
    "sources": "`sources: [{{source: {name}, as: …}}]` in a configuration",
}


def idle_plugins(settings: Config) -> list[str]:
    """Of the plug-ins under `plugins`, those that nothing else names, so that they do nothing: each with what would.

    A loader reads its suffixes unnamed. Raises PluginError for one that is not installed.
    """
    used = {(use.group, use.name) for use in _plugin_uses(settings)} if settings.plugins else set()
    told = []
    for name in settings.plugins:
        chosen = registry.named([name])
        if not any(plugin.group == "loaders" or (plugin.group, plugin.name) in used for plugin in chosen):
            ways = " and ".join(_USED_BY[plugin.group].format(name=plugin.name) for plugin in chosen)
            told.append(f"plug-in `{name}` is not used: {ways} uses it")
    return told


def not_watched(settings: Config) -> list[str]:
    """Of the pipelines that name nodes, those that a plain `run` has none for: each with what would.

    They name no place to run, or they run on several nodes and have no schedule.
    """
    told = [
        f"pipeline `{name}` names no place to run (`run.on`): what else is in `run` counts with `--on` alone"
        for name, pipeline in settings.pipelines.items()
        if pipeline.run.model_fields_set and "on" not in pipeline.run.model_fields_set
    ]
    return told + [
        f"pipeline `{name}` runs on `{pipeline.run.on}`, which no watch does: give it a `schedule`, or run it with "
        "`--once` or `--every 15m`"
        for name, pipeline in settings.pipelines.items()
        if pipeline.schedule is None and not runs_here(pipeline.run)
    ]


class _Use(NamedTuple):
    """A plug-in that is named at `key`, with the settings that it would be handed."""

    key: tuple[str | int, ...]
    group: str
    name: str
    options: Mapping[str, Any]


def _plugin_uses(settings: Config) -> Iterator[_Use]:
    engines: list[tuple[tuple[str | int, ...], EngineConfig]] = [(("engine",), settings.engine)]
    engines += [(("engines", name), engine) for name, engine in settings.engines.items()]
    for key, engine in engines:
        if engine.engine != "local":
            yield _Use((*key, "engine"), "engines", engine.engine, engine.options)
    for name, model in settings.models.items():
        if model.encoder != "auto":
            yield _Use(("models", name, "encoder"), "encoders", model.encoder, model.options)
    for name, pipeline in settings.pipelines.items():
        yield from _uses_of_pipeline(("pipelines", name), pipeline)


def _uses_of_pipeline(key: tuple[str | int, ...], pipeline: PipelineConfig) -> Iterator[_Use]:
    load, chunk = pipeline.load, pipeline.chunk
    for index, rule in enumerate(load.rules):
        place = (*key, "load", "rules", index)
        yield _Use(place, "loaders", rule.loader, {**load.options.get(rule.loader, {}), **rule.options})
    for pattern, loader in load.loaders.items():
        yield _Use((*key, "load", "loaders", pattern), "loaders", loader, load.options.get(loader, {}))
    for loader, options in load.options.items():
        yield _Use((*key, "load", "options", loader), "loaders", loader, options)
    for index, cut in enumerate(chunk.rules):
        place = (*key, "chunk", "rules", index)
        yield _Use(place, "chunkers", cut.chunker, {**chunk.options.get(cut.chunker, {}), **cut.options})
    for pattern, chunker in chunk.chunkers.items():
        yield _Use((*key, "chunk", "chunkers", pattern), "chunkers", chunker, chunk.options.get(chunker, {}))
    for chunker, options in chunk.options.items():
        yield _Use((*key, "chunk", "options", chunker), "chunkers", chunker, options)
    if chunk.chunker != "auto":
        yield _Use((*key, "chunk", "chunker"), "chunkers", chunk.chunker, {})
    for index, source in enumerate(pipeline.sources):
        if source.source != FOLDER:
            yield _Use((*key, "sources", index), "sources", source.source, source.options)
