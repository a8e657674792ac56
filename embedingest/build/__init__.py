"""Turns settings into engines, pipelines, searchers and apps. The only room that knows all others; prints nothing."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from embedingest import registry
from embedingest.config import DEFAULT, Config, EngineConfig, ModelConfig, PipelineConfig
from embedingest.config.remembered import restored, storable
from embedingest.errors import ConfigError, TableMissingError
from embedingest.types import DEFAULT_MODEL

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.config import ServerConfig, StoreConfig
    from embedingest.engine.engine import Engine
    from embedingest.ingest.extract.extractor import Extractor
    from embedingest.ingest.load import Loader
    from embedingest.ingest.run.resources import Table
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.report import IngestReport, ProgressSink
    from embedingest.query import Searcher
    from embedingest.server.run import HttpServer
    from embedingest.store.table import ChunkTable
    from embedingest.store.values import Upkeep
    from embedingest.types import Sizer

__all__ = [
    "Session",
    "journal_path",
    "named_model",
    "open_engine",
    "open_extractor",
    "open_loader",
    "open_pipeline",
    "open_searcher",
    "open_server",
    "rebuild",
    "recall",
    "remember",
    "searching",
]


def named_model(model: str) -> tuple[str, dict[str, ModelConfig]]:
    """A `--model` value as a registered name and the settings that register it.

    A value that is a folder (or is written like one) becomes a model named after its last part. Anything else is a
    name already. Over HTTP only names resolve; this is for those who own the machine.
    """
    looks_like_a_path = model.startswith((".", "/", "~")) or "\\" in model
    path = Path(model).expanduser()
    if not looks_like_a_path and not path.is_dir():
        return model, {}
    if not path.is_dir():
        raise ConfigError(f"model folder {path} does not exist", remedy="name a sentence-transformers folder")
    return path.resolve().name, {path.resolve().name: ModelConfig(path=path.resolve())}


def searching(state: Path, db: str, table: str, model: str | None) -> tuple[str, Config]:
    """What to search a table with: a model's name, and the engine and models that wrote the table.

    `model` names another. One that is a folder is for the engine of this machine.
    """
    try:
        written = recall(state, db, table)
        name = written.pipelines[DEFAULT].model
    except TableMissingError:
        written, name = Config(state=state), DEFAULT_MODEL
    if model is None:
        return name, written
    name, models = named_model(model)
    engine = EngineConfig() if models else written.engine
    return name, written.model_copy(update={"models": {**written.models, **models}, "engine": engine})


def open_engine(settings: EngineConfig | None = None, models: Mapping[str, ModelConfig] | None = None) -> Engine:
    """The engine that `settings` names, over `models` and the packaged ones. Nothing is loaded yet."""
    chosen = EngineConfig() if settings is None else settings
    if chosen.engine == "local":
        from embedingest.engine.local import LocalEngine

        return LocalEngine(chosen, models)
    engine: Engine = registry.create("engines", chosen.engine, options=chosen.options)
    return engine


@dataclass
class Session:
    """What several parts of one process share: one engine for ingest, search and server."""

    config: Config = field(default_factory=Config)

    others: dict[str, Engine] = field(default_factory=dict, repr=False)

    @cached_property
    def engine(self) -> Engine:
        return open_engine(self.config.engine, self.config.models)

    def engine_of(self, name: str = DEFAULT) -> Engine:
        """The engine of this name, one for all that name it."""
        if name == DEFAULT:
            return self.engine
        if name not in self.others:
            self.others[name] = open_engine(self.config.engine_of(name), self.config.models)
        return self.others[name]

    def close(self) -> None:
        """Close what was opened."""
        if "engine" in self.__dict__:
            self.engine.close()
        for engine in self.others.values():
            engine.close()


def open_loader(name: str, options: Mapping[str, Any] | None = None) -> Loader:
    """The loader of this name, built in or a plug-in's, for a program or for a loader that goes beyond it.

    Raises PluginError for a name that nothing has and for options that it does not know.
    """
    loader: Loader = registry.create("loaders", name, options=options)
    return loader


def open_extractor(session: Session, name: str = "default") -> tuple[Extractor, Sizer]:
    """What reads and cuts one file as the pipeline `name` would, in this process, and what counts its tokens."""
    from embedingest.build.extend import extended
    from embedingest.ingest.extract.extractor import Extractor
    from embedingest.ingest.rows.recipe import Recipe

    config = extended(session.config.pipelines[name], session.config.plugins, session.config.state)
    engine = session.engine_of(config.engine)
    recipe = Recipe(config, engine.describe(config.model))
    setup = recipe.setup(engine.sizer(config.model, prompt=recipe.prompt))
    return Extractor(setup), setup.sizer


def open_pipeline(
    session: Session,
    name: str = "default",
    *,
    progress: ProgressSink | None = None,
    stop: threading.Event | None = None,
    lent: Callable[[Collection[str]], dict[str, NDArray[np.float32]]] | None = None,
) -> Pipeline:
    """The pipeline `name` of the configuration. Takes no lock and opens nothing until it is used.

    The engine, the table and the workers are opened when a run first needs them, which an unchanged one never does.
    """
    from embedingest.build.extend import extended, mirrors_of
    from embedingest.ingest.sources.mirror import MirroredPipeline
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.store.writer import writer_lock
    from embedingest.store.token import version_token

    state = session.config.state
    config = extended(session.config.pipelines[name], session.config.plugins, state)
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
        describe=lambda: session.engine_of(config.engine).describe(config.model),
        open_engine=lambda: session.engine_of(config.engine),
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


def rebuild(
    session: Session, *, progress: ProgressSink | None = None, stop: threading.Event | None = None
) -> IngestReport:
    """Make the table of pipeline `default` anew with the settings of `session`, beside the one that serves.

    Vectors of the old table that still hold are lent to the new one. Readers see the old rows until the switch.
    """
    from embedingest.ingest.rebuild import NEXT, rebuild
    from embedingest.store.switch import switch_table

    config = session.config
    settings = config.pipelines["default"]
    beside_config = settings.model_copy(update={"table": settings.table + NEXT})
    beside_shop = Session(config.model_copy(update={"pipelines": {"default": beside_config}}))
    beside_shop.__dict__["engine"] = session.engine  # one engine for both
    lender = _Lender(settings)
    beside = open_pipeline(beside_shop, progress=progress, stop=stop, lent=lender)
    with open_pipeline(session, stop=stop) as serving, lender, beside:
        report = rebuild(serving, beside, lambda: switch_table(settings.db, beside_config.table, settings.table))
        if not report.stopped:
            remember(serving, config)
            serving.perform("optimize", {})  # the indices are made for the new rows
    return report


class _Lender:
    """The vectors of the table that serves, by text hash: a text hash names the model, so no wrong one is lent.

    The table is opened at the first look-up, once.
    """

    def __init__(self, settings: PipelineConfig) -> None:
        self._settings = settings
        self._held = ExitStack()

    def __call__(self, hashes: Collection[str]) -> dict[str, NDArray[np.float32]]:
        return {} if self._table is None else self._table.vectors(hashes)

    @cached_property
    def _table(self) -> ChunkTable | None:
        from embedingest.store.table import open_table

        try:
            return self._held.enter_context(open_table(self._settings.db, self._settings.table))
        except TableMissingError:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()


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


def journal_path(state: Path, db: str, table: str) -> Path:
    """Where the journal of one table lies. Two databases in one state folder have two journals."""
    from embedingest.store.uri import local_folder

    folder = local_folder(db)
    where = db if folder is None else str(folder.resolve())
    return state / f"{table}-{hashlib.blake2s(where.encode(), digest_size=4).hexdigest()}.sqlite"


def remember(pipeline: Pipeline, config: Config) -> None:
    """Write the settings of this run into its journal, so that `search`, `retry`, `plan` and the like need no flags.

    Secrets are not written; see `config/kept.py`.
    """
    settings = {
        "models": {name: storable(model) for name, model in config.models.items()},
        "plugins": list(config.plugins),
        "engine": storable(config.engine_of(pipeline.config.engine)),
        "pipeline": storable(pipeline.config),
    }
    pipeline.journal.set_meta("settings", json.dumps(settings))


def recall(state: Path, db: str, table: str) -> Config:
    """The settings with which this table was last written, its engine's among them.

    Raises TableMissingError where it never was, ConfigError where one came from a variable that is not set.
    """
    from embedingest.ingest.state.journal import Journal

    path = journal_path(state, db, table)
    said = None
    if path.exists():
        journal = Journal(path)
        said = journal.meta("settings")
        journal.close()
    if said is None:
        raise TableMissingError(
            f"nothing was ingested into table `{table}` of {db} with state folder {state}",
            remedy="name the folders once with `embedingest ingest PATH…`, or choose `--db`, `--table`, `--state`",
        )
    settings = restored(json.loads(said))
    pipeline = {**settings["pipeline"], "db": db, "table": table, "engine": DEFAULT}  # its own is the one that is kept
    return Config(
        state=state,
        models=settings["models"],
        plugins=tuple(settings["plugins"]),
        engine=EngineConfig.model_validate(settings.get("engine", {})),
        pipelines={DEFAULT: PipelineConfig.model_validate(pipeline)},
    )


def _outputs(state: Path, db: str) -> list[Path]:
    from embedingest.store.uri import local_folder

    folder = local_folder(db)
    return [state.absolute(), *([] if folder is None else [folder.absolute()])]


def open_searcher(
    session: Session,
    *,
    db: str,
    table: str,
    model: str,
    consistency_seconds: float = 0.0,
    snapshot: str | None = None,
    engine: str = DEFAULT,
) -> Searcher:
    """A searcher over one table, or over a snapshot of it, with the engine of `session`; opens nothing yet."""
    from embedingest.query import Searcher

    def open_table():  # type: ignore[no-untyped-def]  # noqa: ANN202 -- the store's type is imported when called
        from embedingest.store.table import open_table

        opened = open_table(db, table, read_consistency_seconds=consistency_seconds)
        if snapshot is None:
            return opened
        from embedingest.store.snapshots import at

        return at(opened, snapshot)

    return Searcher(open_table=open_table, open_engine=lambda: session.engine_of(engine), model=model)


def open_server(session: Session, settings: ServerConfig, searcher: Searcher | None = None) -> HttpServer:
    """The engine of `session` on a socket, bound but not yet serving. Raises ConfigError when the port is taken."""
    from embedingest.server.app import create_app
    from embedingest.server.run import HttpServer

    engine = session.engine
    app = create_app(engine, settings, None if searcher is None else _search_route(searcher))
    return HttpServer(app, settings)


def _search_route(searcher: Searcher):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- see server.state.Search
    from embedingest.query import result_to_json
    from embedingest.store.values import SearchQuery

    def search(query: str, **options: Any) -> Mapping[str, Any]:
        asked = SearchQuery(text=query, **{name: value for name, value in options.items() if value is not None})
        return result_to_json(asked, searcher.search(asked))

    return search
