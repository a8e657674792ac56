"""The settings with which a table was last written, kept in its journal for commands without flags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from embedingest.build.followed import note_followed
from embedingest.build.journals import forgotten_folders, journal_path
from embedingest.build.models import named_model, of_encoder
from embedingest.build.settings import checked_settings
from embedingest.config import DEFAULT, Config, EngineConfig, PipelineConfig, RerankConfig
from embedingest.config.context import RememberedContext
from embedingest.config.remembered import restored, storable
from embedingest.errors import ConfigError, StoreError, TableMissingError
from embedingest.paths import absolute, home_of, moved
from embedingest.store.uri import absolute_uri
from embedingest.types import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from embedingest.ingest.pipeline import Pipeline

__all__ = ["recall", "remember", "reranker_of", "searching", "with_reranker"]


def remember(pipeline: Pipeline, config: Config) -> None:
    """Write the settings of this run into its journal, so that `search`, `retry`, `plan` and the like need no flags.

    Those of a run that the table refuses are not written: FingerprintError. Secrets never are; see
    `config/remembered.py`.
    """
    pipeline.check_model()
    settings = {
        "state": home_of(config.state),
        "models": {name: storable(model) for name, model in config.models.items()},
        "plugins": list(config.plugins),
        "engine": storable(config.engine_of(pipeline.config.engine)),
        "pipeline": {
            **storable(pipeline.config.model_copy(update={"context": None})),
            "db": absolute_uri(pipeline.config.db),
        },
    }
    if pipeline.config.context is not None:
        settings["context"] = RememberedContext.of(pipeline.config.context).model_dump(mode="json")
    noted = note_followed(settings, pipeline.config)
    pipeline.note({"settings": json.dumps(noted), "forgotten": ""})  # what is named is followed


def recall(state: Path, db: str, table: str) -> Config:
    """The settings with which this table was last written, its engine's among them.

    Raises TableMissingError where it never was, ConfigError where one came from a variable that is not set, or is
    not allowed any more, StoreError where the journal cannot be read.
    """
    from embedingest.ingest.state.reading import decided

    path = journal_path(state, db, table)
    values = decided(path)
    try:
        document = json.loads(values["settings"])
        forgotten = forgotten_folders(values, state)
    except (KeyError, ValueError):
        _refuse_damaged(path)
        raise TableMissingError(
            f"nothing was ingested into table `{table}` of {db} with state folder {state}",
            remedy="name the folders once with `embedingest ingest PATH…`, or choose another `db`, `table` or `state`",
        ) from None
    settings = _moved(restored(document), state)
    # The engine of the pipeline, whatever its name was, is the only one that is kept.
    pipeline = {**settings["pipeline"], "db": db, "table": table, "engine": DEFAULT}
    try:
        config = checked_settings(
            Config,
            {
                "state": state,
                "models": settings["models"],
                "plugins": tuple(settings["plugins"]),
                "engine": settings.get("engine", {}),
                "pipelines": {DEFAULT: pipeline},
            },
        )
    except ConfigError as error:
        raise ConfigError(
            f"what is remembered of table `{table}` is not allowed any more: {error.message}",
            remedy="name folders and settings anew with `embedingest ingest PATH…`",
        ) from None
    of_table = _without(config.pipelines[DEFAULT], forgotten)
    if "context" in settings:
        context = checked_settings(RememberedContext, settings["context"])
        of_table = of_table.model_copy(update={"context": context})
    return config.model_copy(update={"pipelines": {DEFAULT: of_table}})


def _refuse_damaged(path: Path) -> None:
    """Raises StoreError where the journal cannot be read: what it remembers is not known then."""
    from embedingest.ingest.audit.copied_journal import journal_fault

    if (fault := journal_fault(path)) is not None:
        remedy = "name the folders once with `embedingest ingest PATH…`, which puts it aside and makes it again"
        raise StoreError(fault, remedy=remedy)


def _moved(settings: dict[str, Any], state: Path) -> dict[str, Any]:
    """The settings with folders and models where they are now, if they were moved together with the state folder."""
    home = settings.get("state")
    for section in (*settings["pipeline"]["sources"], *settings["models"].values()):
        if section.get("path") is not None:
            section["path"] = moved(absolute(section["path"]), home, state)
    return settings


def _without(settings: PipelineConfig, forgotten: Collection[str]) -> PipelineConfig:
    """The settings without the folders that were forgotten since; there may be none left."""
    sources = [source for source in settings.sources if str(absolute(source.path)) not in forgotten]
    return settings.model_copy(update={"sources": tuple(sources)})


def _model_of(db: str, table: str) -> str:
    """The model that a table says is its own, the default where there is no table."""
    from embedingest.store.table import open_table

    try:
        with open_table(db, table) as opened:
            return opened.identity.model or DEFAULT_MODEL
    except TableMissingError:
        return DEFAULT_MODEL


def searching(state: Path, db: str, table: str, model: str | None) -> tuple[str, Config]:
    """What to search a table with: a model's name, and the engine and models that wrote the table.

    Where nobody remembers that, the table itself names its model. `model` names another. One that is a folder is for
    the engine of this machine.
    """
    try:
        config = recall(state, db, table)
        name = config.pipelines[DEFAULT].model
    except StoreError:  # it was never written here, or its journal cannot be read
        name = _model_of(db, table)
        config = Config(state=state, models=of_encoder(name))
    if model is None:
        return name, config
    if model in config.models and of_encoder(model):
        return model, config  # with the settings that it had when the table was written
    name, models = named_model(model)
    engine = EngineConfig() if models else config.engine
    return name, config.model_copy(update={"models": {**config.models, **models}, "engine": engine})


def reranker_of(config: Config) -> RerankConfig | None:
    """The reranker that a table's settings name, as `searching` gave them."""
    pipeline = config.pipelines.get(DEFAULT)
    return None if pipeline is None else pipeline.rerank


def with_reranker(config: Config, rerank: str | bool | None) -> tuple[str | bool | None, Config]:
    """`rerank` of a `SearchQuery` where it may be a folder, as a name, and the settings with the model of that name.

    Raises ConfigError for a folder that does not exist.
    """
    if not isinstance(rerank, str):
        return rerank, config
    name, models = named_model(rerank)
    return name, config.model_copy(update={"models": {**config.models, **models}})
